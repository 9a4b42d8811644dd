"""The checks accept what is right, and name each misconception that an answer shows."""

import random
import re
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from support.exercise_notebooks import CHECK, SOURCES, cell_of, numbers, read_source, source_of
from support.mistakes import MISTAKES, mistake
from support.prose import CHINESE
from traitlets.config import Config

from helpers import check
from helpers.check import EXERCISES, MISCONCEPTIONS, WrongAnswer
from helpers.check.notebook_05 import steps_and_warmup

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
    assert {(number, name) for number, known in MISTAKES.items() for name in known} == set(SHOWN)


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


def test_answers_written_in_another_way_are_right_too():
    def replaced_place(seen, size, generator):
        return generator.randrange(size) if generator.random() < size / seen else None

    def kept_ids(text, tokenizer, limit):
        ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        kept = ids[-(limit - 2) :]
        return [tokenizer.cls_token_id, *kept, tokenizer.sep_token_id]

    def balanced_sample(rows, per_label, seed):
        generator, picks = random.Random(seed), []
        for number in range(5):
            places = [place for place, label in enumerate(rows["label"][:]) if label == number]
            picks += generator.sample(places, per_label)
        return rows.select(picks)

    def accuracy_interval(predictions, references):
        hits = np.array(predictions) == np.array(references)
        half = 1.96 * hits.std() / len(hits) ** 0.5
        return np.array([hits.mean() - half, hits.mean() + half])

    def train_head_only(model):
        for name, weights in model.named_parameters():
            weights.requires_grad = "classifier" in name

    check.exercise("02-2", replaced_place)
    check.exercise("03-2", kept_ids)
    check.exercise("04-2", balanced_sample)
    check.exercise("06-2", accuracy_interval)
    check.exercise("07-2", train_head_only)


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


def test_a_message_stays_short_whatever_the_case():
    wrong = objection("01-2", lambda rows: {"rows": rows})
    assert "{'rows': Dataset}" in str(wrong)
    assert len(str(wrong).splitlines()) == 2
    assert len(str(wrong)) < 300


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


def test_the_warmup_of_exercise_05_1_is_the_one_that_transformers_counts():
    from transformers import TrainingArguments

    for steps, share in ((189, 0.1), (12, 0.25), (538, 0.06), (20, 0.3)):
        arguments = TrainingArguments(output_dir="unused", use_cpu=True, warmup_steps=share)
        expected = arguments.get_warmup_steps(steps)
        assert steps_and_warmup(steps, 1, 1, share) == (steps, expected)


def test_an_unknown_number_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no exercise '3-1': pass one from '01-1' to"):
        check.exercise("3-1", len)


def test_each_exercise_is_listed_with_the_line_that_checks_it(capsys):
    check.list_exercises("03")
    assert capsys.readouterr().out.splitlines() == [
        'check.exercise("03-1", truncated_share)',
        'check.exercise("03-2", kept_ids)',
        'check.exercise("03-3", count_tokens)',
    ]


@pytest.mark.parametrize("number", ["00", "13", "3", ""])
def test_a_notebook_without_exercises_is_told_which_have_some(number):
    with pytest.raises(ValueError, match="pass one from '01' to '12'"):
        check.list_exercises(number)
