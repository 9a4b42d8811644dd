"""Check an answer to an exercise: `check.exercise("03-1", truncated_share)`.

A wrong answer gets one sentence, in the language of the notebook, that names the misconception
which it shows. `check.hint` helps in three steps, `check.solution` shows an answer, and
`check.quiz` asks the questions at the end of a notebook. The same checks grade the assignments
under exercises/.
"""

import importlib
import pkgutil
from collections import Counter

from helpers.check.answers import (
    EXERCISES,
    Exercise,
    Misconception,
    NotAttempted,
    WrongAnswer,
    another_kind_of_result,
    is_untouched,
    not_the_kind,
)
from helpers.check.language import say
from helpers.check.quizzes import quiz as quiz
from helpers.check.tasks import read_tasks

# Each declares its exercises.
for module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
    if module.startswith("notebook_"):
        importlib.import_module(f"{__name__}.{module}")

# Some show in several exercises.
MISCONCEPTIONS: dict[str, Misconception] = {
    misconception.name: misconception
    for task in EXERCISES.values()
    for misconception in task.misconceptions
}

# How many hints of each exercise have been shown.
_shown: Counter[str] = Counter()


def exercise(number: str, answer: object) -> None:
    """Check an answer, and say that it is right, why it is not, or that there is none yet.

    Args:
        number: the notebook and the exercise, such as `03-1`.
        answer: what the exercise asks for; most ask for a function.

    Raises:
        WrongAnswer: if the answer is not right.
        ValueError: if there is no such exercise.
    """
    asked = _find(number)
    try:
        if is_untouched(answer):
            raise NotAttempted
        if "(" in asked.signature and not callable(answer):
            raise not_the_kind(asked.signature, answer)
        asked.examine(answer)
    except NotAttempted:
        print(not_attempted(number))
    except WrongAnswer as wrong:
        wrong.number = number
        raise
    except Exception as error:
        wrong = another_kind_of_result(asked.signature, error)
        wrong.number = number
        raise wrong from error
    else:
        print(right(number))


def not_attempted(number: str) -> str:
    """Return what is said of an exercise without an answer.

    It is the same in every language: the notebooks, whose outputs are, store it.
    """
    return f"☐ {number}"


def right(number: str, *languages: str) -> str:
    """Return what is said of a right answer.

    Args:
        number: the notebook and the exercise, such as `03-1`.
        languages: `zh`, `en` or both; by default that of the notebook.
    """
    compare = f'check.solution("{number}")'
    return say(
        f"☑ {number} 对了。可以和参考解答比一比：{compare}",
        f"☑ {number} Right. To compare it with our solution: {compare}",
        *languages,
    )


def hint(number: str) -> None:
    """Print the next of the three hints for an exercise; after the last, where the solution is.

    Args:
        number: the notebook and the exercise, such as `03-1`.

    Raises:
        ValueError: if there is no such exercise.
    """
    hints = _find(number).hints
    _shown[number] += 1
    step = min(_shown[number], len(hints))
    print(
        say(
            f"提示 {step}/{len(hints)}：{hints[step - 1].chinese}",
            f"Hint {step} of {len(hints)}: {hints[step - 1].english}",
        )
    )
    if step == len(hints):
        show = f'check.solution("{number}")'
        print(
            say(
                f"这是最后一步提示。参考解答：{show}",
                f"This is the last hint. Our solution: {show}",
            )
        )


def solution(number: str) -> None:
    """Print a right answer to an exercise.

    Args:
        number: the notebook and the exercise, such as `03-1`.

    Raises:
        ValueError: if there is no such exercise.
        FileNotFoundError: if the solutions are not on this machine.
    """
    _find(number)
    notebook, _, place = number.partition("-")
    print(read_tasks(notebook)[int(place) - 1].solution)


def _find(number: str) -> Exercise:
    if number not in EXERCISES:
        first, *_, last = EXERCISES
        raise ValueError(f"There is no exercise {number!r}: pass one from {first!r} to {last!r}.")
    return EXERCISES[number]
