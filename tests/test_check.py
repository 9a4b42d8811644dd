"""The checks accept what is right, and name each misconception that an answer shows."""

import re
from functools import cache
from types import SimpleNamespace

import pytest
from exercise_notebooks import CHECK, SOURCES, cell_of, numbers, read_source, source_of
from IPython.core.interactiveshell import InteractiveShell
from mistakes import MISTAKES, mistake
from prose import CHINESE
from traitlets.config import Config

from helpers import check
from helpers.check import EXERCISES, MISCONCEPTIONS, WrongAnswer

SHOWN = [
    (number, misconception.name)
    for number, exercise in EXERCISES.items()
    for misconception in exercise.misconceptions
]

each_exercise = pytest.mark.parametrize("number", EXERCISES)
each_misconception = pytest.mark.parametrize(("number", "name"), SHOWN)


@cache
def prepared(number: str) -> dict[str, object]:
    """The names that the first code cell of an exercise's notebook defines."""
    names: dict[str, object] = {}
    exec(read_source(source_of(number)).cells[1].source, names)
    return names


def grade(number: str, answer: str | None = None) -> None:
    """Run an exercise's cells in this process, the hidden tests too.

    Args:
        number: the exercise.
        answer: code in place of the solution.
    """
    notebook, names = read_source(source_of(number)), dict(prepared(number))
    exec(cell_of(notebook, number).source if answer is None else answer, names)
    exec(cell_of(notebook, number, CHECK).source, names)


def objection(number: str, answer: object) -> WrongAnswer:
    """What a check has against an answer."""
    with pytest.raises(WrongAnswer) as caught:
        check.exercise(number, answer)
    return caught.value


def test_there_are_thirty_exercises_and_forty_misconceptions():
    assert len(EXERCISES) >= 30
    assert len(MISCONCEPTIONS) >= 40


def test_there_is_a_check_for_every_exercise_of_the_notebooks():
    assert [number for path in SOURCES for number in numbers(path)] == list(EXERCISES)


@each_exercise
def test_the_solution_is_right(number, capsys):
    grade(number)
    assert capsys.readouterr().out.splitlines()[-1] == f"Right: {number}"


@each_misconception
def test_each_misconception_gets_its_own_message(number, name):
    with pytest.raises(WrongAnswer) as caught:
        grade(number, mistake(number, name))
    misconception = MISCONCEPTIONS[name]
    assert str(caught.value) == f"{name}: {misconception.chinese}\n{misconception.english}"


@each_misconception
def test_the_hidden_tests_alone_refuse_it_too(number, name):
    notebook, names = read_source(source_of(number)), dict(prepared(number))
    exec(mistake(number, name), names)
    names["check"] = SimpleNamespace(exercise=lambda *_: None)
    with pytest.raises(Exception):  # noqa: B017 - a wrong answer may end in an error of its own
        exec(cell_of(notebook, number, CHECK).source, names)


def test_every_mistake_made_on_purpose_is_a_misconception_of_its_exercise():
    assert [(number, name) for number, known in MISTAKES.items() for name in known] == SHOWN


def test_no_two_misconceptions_say_the_same():
    named = [one for exercise in EXERCISES.values() for one in exercise.misconceptions]
    assert len(set(named)) == len(MISCONCEPTIONS)
    for language in ("chinese", "english"):
        assert len({getattr(one, language) for one in named}) == len(MISCONCEPTIONS)


@pytest.mark.parametrize("name", MISCONCEPTIONS)
def test_a_message_is_one_sentence_in_each_language(name):
    misconception = MISCONCEPTIONS[name]
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", name)
    assert re.fullmatch(r"[^。！？]+。", misconception.chinese)
    assert CHINESE.search(misconception.chinese)
    assert not CHINESE.search(misconception.english)
    # A point inside backticks, or in a number, ends no sentence.
    english = re.sub(r"`[^`]*`", "code", misconception.english)
    assert re.fullmatch(r"[A-Z]([^.!?]|\.\d)+\.", english)


@each_exercise
def test_an_exercise_without_an_answer_is_said_to_have_none(number):
    def untouched(*_, **__):
        raise NotImplementedError

    assert objection(number, None).name == "not-answered"
    if number not in ("05-2", "05-3"):
        assert objection(number, untouched).name == "not-answered"


@each_exercise
def test_an_answer_of_another_kind_is_refused_in_one_sentence(number):
    wrong = objection(number, 7)
    assert wrong.name in ("another-kind", "not-as-asked")
    assert len(str(wrong).splitlines()) == 2


def test_an_error_in_an_answer_is_told_with_its_cause():
    def truncated_share(texts, tokenizer, limit):
        return texts.no_such_method()

    wrong = objection("03-1", truncated_share)
    assert wrong.name == "an-error"
    assert "no_such_method" in str(wrong)
    assert isinstance(wrong.__cause__, AttributeError)


def test_a_value_that_nothing_explains_is_shown_beside_the_right_one():
    wrong = objection("09-2", lambda lengths, limit: 0.125)
    assert wrong.name == "another-value"
    assert "0.125" in str(wrong)
    assert "0.777" in str(wrong)


def test_an_answer_may_change_the_list_that_it_gets():
    def share_of_tokens(lengths, limit):
        total = sum(lengths)
        lengths[:] = [min(length, limit) for length in lengths]
        return sum(lengths) / total

    check.exercise("09-2", share_of_tokens)


def test_jupyter_shows_what_is_said_and_no_line_of_the_checks(capsys):
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.run_cell("from helpers import check\ncheck.exercise('09-2', lambda lengths, limit: 0.5)")
    shown = capsys.readouterr().out.strip().splitlines()
    assert [line.split(":")[0] for line in shown[:1]] == ["another-value"]
    assert len(shown) == 2


def test_an_unknown_number_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no exercise '3-1': pass one from '01-1' to"):
        check.exercise("3-1", len)
