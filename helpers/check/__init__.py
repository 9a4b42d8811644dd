"""Check an answer to an exercise: `check.exercise("03-1", truncated_share)`.

A wrong answer gets one sentence, in Chinese and in English, that names the misconception which it
shows. The same checks grade the assignments under exercises/.
"""

import importlib
import pkgutil

from helpers.check.answers import (
    EXERCISES,
    Exercise,
    Misconception,
    WrongAnswer,
    not_answered,
    not_the_kind,
)

__all__ = [
    "EXERCISES",
    "MISCONCEPTIONS",
    "Exercise",
    "Misconception",
    "WrongAnswer",
    "exercise",
    "list_exercises",
]

# Each declares its exercises.
for module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{module}")

# Some show in several exercises.
MISCONCEPTIONS: dict[str, Misconception] = {
    misconception.name: misconception
    for task in EXERCISES.values()
    for misconception in task.misconceptions
}


def list_exercises(notebook: str) -> None:
    """Print how the answers to the exercises of a notebook are checked, a line for each.

    Args:
        notebook: its number, such as `03`.

    Raises:
        ValueError: if that notebook has no exercises.
    """
    numbers = [number for number in EXERCISES if number.startswith(f"{notebook}-")]
    if not numbers:
        first, *_, last = (number.partition("-")[0] for number in EXERCISES)
        raise ValueError(
            f"Notebook {notebook!r} has no exercises: pass one from {first!r} to {last!r}."
        )
    for number in numbers:
        name = EXERCISES[number].signature.partition("(")[0]
        print(f'check.exercise("{number}", {name})')


def exercise(number: str, answer: object) -> None:
    """Check an answer, and say that it is right or why it is not.

    Args:
        number: the notebook and the exercise, such as `03-1`.
        answer: what the exercise asks for; most ask for a function.

    Raises:
        WrongAnswer: if the answer is not right.
        ValueError: if there is no such exercise.
    """
    if number not in EXERCISES:
        first, *_, last = EXERCISES
        raise ValueError(f"There is no exercise {number!r}: pass one from {first!r} to {last!r}.")
    signature = EXERCISES[number].signature
    if answer is None:
        raise not_answered()
    if "(" in signature and not callable(answer):
        raise not_the_kind(signature, answer)
    EXERCISES[number].examine(answer)
    print(f"Right: {number}")
