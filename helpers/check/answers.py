"""Compare an answer to an exercise with the right one, and say which misconception it shows."""

import math
import numbers
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np

from helpers.check.language import say

Answer = Callable[..., Any]
# How many characters of an argument a message shows.
LONGEST_ARGUMENT = 140
Examine = Callable[[Any], None]


class ShortRepr(reprlib.Repr):
    """How a message shows a value: in one line, long texts and lists cut."""

    def __init__(self) -> None:
        """Let a learner recognize an argument."""
        super().__init__()
        self.maxstring = 60
        self.maxlist = self.maxtuple = 8

    def repr_float(self, x: float, level: int) -> str:
        """Show a number with the digits that tell it from another."""
        return f"{x:.6g}" if x % 1 else repr(x)

    def repr_instance(self, x: object, level: int) -> str:
        """Show an object as it is written in a notebook, if that is known and short."""
        text = str(getattr(x, "shown_as", "")) or repr(x)
        is_short = len(text) <= LONGEST_ARGUMENT and "\n" not in text and text[0] != "<"
        return text if is_short else type(x).__name__


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
class Hint:
    """A step towards an answer.

    Attributes:
        chinese: what it says.
        english: the same.
    """

    chinese: str
    english: str


@dataclass(frozen=True)
class Exercise:
    """An exercise of a notebook.

    Attributes:
        signature: what the answer is to be, such as `truncated_share(texts, tokenizer, limit)`.
        examine: takes an answer and raises WrongAnswer unless it is right.
        misconceptions: those that `examine` recognizes.
        hints: three steps towards the answer: where to look, what to use, how to put it together.
    """

    signature: str
    examine: Examine
    misconceptions: tuple[Misconception, ...]
    hints: tuple[Hint, ...]


EXERCISES: dict[str, Exercise] = {}


def exercise(number: str, signature: str, *hints: Hint) -> Callable[[Examine], Examine]:
    """Make a function the one that examines the answers to an exercise.

    The misconceptions that it recognizes are those that it names.

    Args:
        number: the notebook and the exercise, such as `03-1`.
        signature: what the answer is to be, such as `truncated_share(texts, tokenizer, limit)`.
        hints: see `Exercise`.
    """

    def register(examine: Examine) -> Examine:
        named = [examine.__globals__.get(name) for name in examine.__code__.co_names]
        known = tuple(value for value in named if isinstance(value, Misconception))
        EXERCISES[number] = Exercise(signature, examine, known, hints)
        return examine

    return register


class WrongAnswer(AssertionError):
    """An answer is not right; the message says why in Chinese and in English.

    Attributes:
        name: the misconception's name, or one of the names below.
        number: the exercise, once that is known.
    """

    def __init__(self, name: str, chinese: str, english: str) -> None:
        """Put the name in front of the two sentences: this is what a grader reads."""
        super().__init__(f"{name}: {chinese}\n{english}")
        self.name, self.chinese, self.english = name, chinese, english
        self.number: str | None = None

    def _render_traceback_(self) -> list[str]:
        # Jupyter asks for this: the lines of the checks would hide what is said to the learner.
        lines = f"☒ {self.number or ''} {say(self.chinese, self.english)}".splitlines()
        if self.number:
            ask = f'check.hint("{self.number}")'
            lines += say(f"要提示，就运行 {ask}", f"For a hint, run {ask}").splitlines()
        return lines


class NotAttempted(Exception):
    """Nobody has worked on the exercise yet."""


@dataclass(frozen=True)
class Failure:
    """What a call gave that ended in an error: two are equal if their errors say the same."""

    error: Exception

    def __eq__(self, other: object) -> bool:
        """Compare the kinds and the texts of the errors."""
        return isinstance(other, Failure) and repr(self.error) == repr(other.error)

    __hash__ = None


def is_untouched(answer: object) -> bool:
    """Say whether nothing has been put in place of the `...` of an exercise."""
    if isinstance(answer, type):
        methods = [part for part in vars(answer).values() if isinstance(part, FunctionType)]
        return all(is_untouched(part) for part in methods if part.__name__ != "__init__")
    if isinstance(answer, FunctionType):
        code = answer.__code__
        return code.co_code in EMPTY_CODE and set(code.co_consts) <= {None, ..., answer.__doc__}
    return answer is None or answer is ...


def _empty() -> None: ...


def _described() -> None:
    """Do nothing."""


# How a function without a body is compiled, which differs between the releases of Python.
EMPTY_CODE = {_empty.__code__.co_code, _described.__code__.co_code}


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


def nothing_returned(call: str) -> WrongAnswer:
    """Return the error for an answer that computes, and gives nothing back."""
    return WrongAnswer(
        "nothing-returned",
        f"`{call}` 什么也没有返回：`print` 只是显示，结果要写在 `return` 后面。",
        f"`{call}` returns nothing: `print` only shows a result, and `return` hands it back.",
    )


def another_kind_of_result(signature: str, error: Exception) -> WrongAnswer:
    """Return the error for a result with which the check itself cannot go on."""
    problem = " ".join(f"{type(error).__name__}: {error}".split())
    return WrongAnswer(
        "another-kind-of-result",
        f"`{signature}` 返回的不是题目要的那种东西（{problem}）：再看一遍题目要你返回什么。",
        f"`{signature}` returns another kind of thing than the task asks for ({problem}): read "
        "again what it is to return.",
    )


def another_value(call: str, found: object, expected: object) -> WrongAnswer:
    """Return the error for a wrong value that no known misconception explains."""
    found, expected = SHORT.repr(plain(found)), SHORT.repr(plain(expected))
    # A call with something left out of it cannot be run again.
    whole = "..." not in call
    return WrongAnswer(
        "another-value",
        f"`{call}` 得到 {found}，应当是 {expected}："
        + ("单独运行这一句，看中间每一步的结果。" if whole else "先拿两三条数得清的数据试一试。"),
        f"`{call}` gives {found}, and {expected} is right: "
        + (
            "run this call alone, and look at the result of each step."
            if whole
            else "try it first on two or three rows that you can count yourself."
        ),
    )


def not_as_asked(chinese: str, english: str) -> WrongAnswer:
    """Return the error for an answer that lacks something which the exercise asks for."""
    return WrongAnswer("not-as-asked", chinese, english)


def call_or_failure(function: Answer, *arguments: object) -> Any:
    """Return what a call gives; its error as a Failure.

    Raises:
        NotAttempted: if the answer is not written yet.
    """
    # An answer that sorts its list in place must not spoil the next call.
    own = [value.copy() if isinstance(value, list | np.ndarray) else value for value in arguments]
    try:
        return function(*own)
    except NotImplementedError:
        raise NotAttempted from None
    except Exception as error:
        return Failure(error)


def call(function: Answer, *arguments: object) -> Any:
    """Return what a call gives.

    Raises:
        NotAttempted: if the answer is not written yet.
        WrongAnswer: if the call ends in an error.
    """
    value = call_or_failure(function, *arguments)
    if isinstance(value, Failure):
        raise failed(format_call(function, arguments), value.error) from value.error
    return value


def call_for_result(function: Answer, *arguments: object) -> Any:
    """Return what a call gives, which must not be None.

    Raises:
        NotAttempted: if the answer is not written yet.
        WrongAnswer: if the call ends in an error, or returns nothing.
    """
    value = call(function, *arguments)
    if value is None:
        raise nothing_returned(format_call(function, arguments))
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
    wrong = [
        (format_call(answer, case), value, wanted)
        for case, value, wanted in zip(cases, found, expected, strict=True)
        if not same(value, wanted)
    ]
    # The one that is told in the fewest words is the easiest to try.
    text, value, wanted = min(wrong, key=lambda case: len(case[0]))
    if isinstance(value, Failure):
        raise failed(text, value.error) from value.error
    if value is None:
        raise nothing_returned(text)
    raise another_value(text, value, wanted)


def format_call(function: Answer, arguments: Sequence[object]) -> str:
    """Write a call as a learner would, long arguments cut."""
    texts = [SHORT.repr(plain(value)) for value in arguments]
    shown = [text if len(text) <= LONGEST_ARGUMENT else f"{text[:60]}..." for text in texts]
    return f"{getattr(function, '__name__', 'answer')}({', '.join(shown)})"


def plain(value: Any) -> Any:
    """Return arrays and numbers of NumPy as Python's own, which read more easily."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if isinstance(value, list):
        return list(map(plain, value))
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
