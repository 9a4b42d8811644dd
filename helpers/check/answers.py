"""Compare an answer to an exercise with the right one, and say which misconception it shows."""

import math
import numbers
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

Answer = Callable[..., Any]
Examine = Callable[[Any], None]


class ShortRepr(reprlib.Repr):
    """How a message shows a value: in one line, long texts and lists cut."""

    def __init__(self) -> None:
        """Let a learner recognize an argument."""
        super().__init__()
        self.maxstring = 60
        self.maxlist = self.maxtuple = 8

    def repr_instance(self, x: object, level: int) -> str:
        """Show an object, such as a dataset, by its kind alone."""
        return repr(x) if isinstance(x, float | bool | None) else type(x).__name__


SHORT = ShortRepr()


@dataclass(frozen=True)
class Misconception:
    """A wrong idea that shows in an answer.

    Attributes:
        name: what it is called; names do not change.
        chinese: one sentence that names the idea and the way out.
        english: the same sentence.
    """

    name: str
    chinese: str
    english: str

    def error(self) -> "WrongAnswer":
        """Return the error for an answer that shows it."""
        return WrongAnswer(self.name, self.chinese, self.english)


@dataclass(frozen=True)
class Exercise:
    """An exercise of a notebook.

    Attributes:
        signature: what the answer is to be, such as `truncated_share(texts, tokenizer, limit)`.
        examine: takes an answer and raises WrongAnswer unless it is right.
        misconceptions: those that `examine` recognizes.
    """

    signature: str
    examine: Examine
    misconceptions: tuple[Misconception, ...]


EXERCISES: dict[str, Exercise] = {}


def exercise(number: str, signature: str) -> Callable[[Examine], Examine]:
    """Make a function the one that examines the answers to an exercise.

    The misconceptions that it recognizes are those that it names.

    Args:
        number: the notebook and the exercise, such as `03-1`.
        signature: what the answer is to be, such as `truncated_share(texts, tokenizer, limit)`.
    """

    def register(examine: Examine) -> Examine:
        named = [examine.__globals__.get(name) for name in dict.fromkeys(_names(examine.__code__))]
        known = tuple(value for value in named if isinstance(value, Misconception))
        EXERCISES[number] = Exercise(signature, examine, known)
        return examine

    return register


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


class WrongAnswer(AssertionError):
    """An answer is not right; the message says why in Chinese and in English.

    Attributes:
        name: the misconception's name, or one of the names below.
    """

    def __init__(self, name: str, chinese: str, english: str) -> None:
        """Put the name in front of the two sentences."""
        super().__init__(f"{name}: {chinese}\n{english}")
        self.name = name

    def _render_traceback_(self) -> list[str]:
        # Jupyter asks for this: the lines of the checks would hide what is said to the learner.
        return str(self).splitlines()


@dataclass(frozen=True)
class Failure:
    """What a call gave that ended in an error: two are equal if their errors say the same."""

    error: Exception

    def __eq__(self, other: object) -> bool:
        """Compare the kinds and the texts of the errors."""
        return isinstance(other, Failure) and repr(self.error) == repr(other.error)

    __hash__ = None


def not_answered() -> WrongAnswer:
    """Return the error for an exercise that nobody has worked on yet."""
    return WrongAnswer(
        "not-answered",
        "这道题还没有答案：把 `raise NotImplementedError()` 换成你的代码，运行那一格，再核对。",
        "This exercise has no answer yet: put your code in place of `raise NotImplementedError()`, "
        "run that cell, and check again.",
    )


def not_the_kind(asked: str, answer: object) -> WrongAnswer:
    """Return the error for an answer of another kind, such as a result in place of a function."""
    kind = type(answer).__name__
    return WrongAnswer(
        "another-kind",
        f"这里要的是 `{asked}` 本身，交来的是一个 {kind}：传名字，不要先调用它。",
        f"`{asked}` itself is asked for, and this is a {kind}: pass the name, without calling it.",
    )


def failed(call: str, error: Exception) -> WrongAnswer:
    """Return the error for an answer that ended in an error of its own."""
    problem = " ".join(f"{type(error).__name__}: {error}".split())
    return WrongAnswer(
        "an-error",
        f"`{call}` 中途出错（{problem}）：单独运行这一句，看是哪一行。",
        f"`{call}` ended in an error ({problem}): run it by itself to see in which line.",
    )


def another_value(call: str, found: object, expected: object) -> WrongAnswer:
    """Return the error for a wrong value that no known misconception explains."""
    found, expected = SHORT.repr(plain(found)), SHORT.repr(plain(expected))
    return WrongAnswer(
        "another-value",
        f"`{call}` 得到 {found}，应当是 {expected}：拿这个例子用手算一遍。",
        f"`{call}` gives {found}, and {expected} is right: work this case out by hand.",
    )


def not_as_asked(chinese: str, english: str) -> WrongAnswer:
    """Return the error for an answer that lacks something which the exercise asks for."""
    return WrongAnswer("not-as-asked", chinese, english)


def call_or_failure(function: Answer, *arguments: object) -> Any:
    """Return what a call gives; its error as a Failure.

    Raises:
        WrongAnswer: if the answer is not written yet.
    """
    # An answer that sorts its list in place must not spoil the next call.
    own = [value.copy() if isinstance(value, list | np.ndarray) else value for value in arguments]
    try:
        return function(*own)
    except NotImplementedError:
        raise not_answered() from None
    except Exception as error:
        return Failure(error)


def call(function: Answer, *arguments: object) -> Any:
    """Return what a call gives.

    Raises:
        WrongAnswer: if the answer is not written yet, or the call ends in an error.
    """
    value = call_or_failure(function, *arguments)
    if isinstance(value, Failure):
        raise failed(format_call(function, arguments), value.error) from value.error
    return value


def compare(
    answer: Answer,
    cases: Iterable[Sequence[object]],
    right: Answer,
    mistakes: Mapping[Misconception, Answer | Sequence[Answer]],
) -> None:
    """Call an answer on every case; accept it, or find the misconception that gives the same.

    Args:
        answer: the learner's function.
        cases: the arguments of each call.
        right: what it should give.
        mistakes: what each misconception makes of the same arguments, an error included; several
            functions where it may show in several ways. The first that fits all cases is named.

    Raises:
        WrongAnswer: if any case has another outcome than `right` gives.
    """
    cases = list(cases)
    expected = [right(*case) for case in cases]
    found = [call_or_failure(answer, *case) for case in cases]
    if same(found, expected):
        return
    for misconception, ways in mistakes.items():
        for mistake in [ways] if callable(ways) else ways:
            if same(found, [call_or_failure(mistake, *case) for case in cases]):
                raise misconception.error()
    for case, value, wanted in zip(cases, found, expected, strict=True):
        if not same(value, wanted):
            text = format_call(answer, case)
            if isinstance(value, Failure):
                raise failed(text, value.error) from value.error
            raise another_value(text, value, wanted)


def format_call(function: Answer, arguments: Sequence[object]) -> str:
    """Write a call as a learner would, long arguments cut."""
    shown = ", ".join(SHORT.repr(plain(value)) for value in arguments)
    return f"{getattr(function, '__name__', 'answer')}({shown})"


def plain(value: Any) -> Any:
    """Return arrays and numbers of NumPy as Python's own, which read more easily."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, tuple):
        return tuple(plain(part) for part in value)
    return value


def same(found: Any, expected: Any) -> bool:
    """Say whether two outcomes are equal: numbers within rounding, lists part by part."""
    if isinstance(expected, Mapping):
        return (
            isinstance(found, Mapping)
            and found.keys() == expected.keys()
            and all(same(found[name], expected[name]) for name in expected)
        )
    if isinstance(expected, np.ndarray | list | tuple):
        return (
            isinstance(found, np.ndarray | list | tuple)
            and len(found) == len(expected)
            and all(same(one, other) for one, other in zip(found, expected, strict=True))
        )
    if isinstance(expected, numbers.Number) and isinstance(found, numbers.Number):
        if math.isnan(expected):
            return math.isnan(found)
        return math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-9)
    # What compares in a way of its own, such as a column of a dataset, is not the same.
    return type(found) is type(expected) and bool(found == expected)
