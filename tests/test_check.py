"""The checks accept what is right, and name each misconception that an answer shows."""

import contextlib
import math
import random
import re
from collections import Counter
from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from scipy import stats
from support.exercise_notebooks import CHECK, SOURCES, cell_of, numbers, read_source, source_of
from support.mistakes import MISTAKES, NO_FUNCTION, mistake
from support.prose import CHINESE
from traitlets.config import Config

from helpers import check
from helpers.check import EXERCISES, MISCONCEPTIONS, WrongAnswer
from helpers.check.language import spoken_languages
from helpers.check.notebook_05 import steps_and_warmup
from helpers.check.tasks import SOLUTION, Task, read_tasks
from helpers.levels import rating_level

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


def task_of(number: str) -> Task:
    """What a learner gets of an exercise."""
    return read_tasks(number[:2])[int(number[-1]) - 1]


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
    assert capsys.readouterr().out.splitlines()[-2:] == check.right(number).splitlines()


@each_misconception
def test_each_misconception_gets_its_own_message(number, name):
    with pytest.raises(WrongAnswer) as caught:
        grade(number, mistake(number, name))
    misconception = MISCONCEPTIONS[name]
    assert str(caught.value) == f"{name}: {misconception.chinese}\n{misconception.english}"


def test_rows_of_another_form_are_shown_from_the_first():
    wrong = objection("10-2", lambda lines: ({"n": number} for number in range(9)))
    for words in ("前几行是", "The first rows are"):
        assert f"{words} [{{'n': 0}}, {{'n': 1}}]" in str(wrong)


def mean_of_others(row, rating):
    return (sum(row) - rating) / (len(row) - 1)


def independent(before, after, equal_var, common):
    both = before.keys() & after.keys()
    first, second = (
        [value for seed, value in runs.items() if seed in both or not common]
        for runs in (before, after)
    )
    found = stats.ttest_ind(second, first, equal_var=equal_var)
    return np.mean(second) - np.mean(first), *found.confidence_interval()


def gain_within(before, after, deviations):
    gains = [after[seed] - before[seed] for seed in before if seed in after]
    half = deviations(len(gains)) * np.std(gains, ddof=1)
    return np.mean(gains), np.mean(gains) - half, np.mean(gains) + half


# What MISTAKES shows in one way may show in others.
OTHER_WAYS = {
    ("00-1", "percent-for-share"): [
        lambda found, right: round(100 * np.mean(np.array(found) == right)),
    ],
    ("00-1", "places-ignored"): [
        lambda found, right: sum((Counter(found) & Counter(right)).values()) / len(right),
    ],
    ("00-3", "ratio-for-difference"): [lambda before, after: sum(after) / sum(before)],
    ("03-2", "special-tokens-cut-off"): [
        lambda text, tokenizer, limit: tokenizer(text, add_special_tokens=False, verbose=False)[
            "input_ids"
        ][-limit:],
    ],
    ("04-3", "only-the-ends-stripped"): [
        lambda one, other: sum(text.casefold() in set(map(str.casefold, one)) for text in other),
    ],
    ("05-1", "last-batch-dropped"): [
        lambda samples, size, epochs, warmup: (
            samples * epochs // size,
            math.ceil(samples * epochs // size * warmup),
        ),
    ],
    ("06-3", "logits-compared-with-labels"): [
        lambda logits, labels: np.mean(abs(logits - labels) <= 1),
        lambda logits, labels: np.mean(abs(logits.T - labels) <= 1),
    ],
    ("06-3", "sign-forgotten"): [
        lambda logits, labels: np.mean(labels - logits.argmax(axis=-1) <= 1),
    ],
    ("07-3", "rating-as-level"): [
        lambda ratings: np.mean(
            [
                abs(rating - rating_level(mean_of_others(row, rating))) <= 1
                for row in ratings
                for rating in row
            ]
        ),
    ],
    ("09-1", "embeddings-multiplied"): [
        lambda layers, embeddings, frozen, tokens: (
            tokens * (6 * embeddings + 2 * sum(layers) + 4 * sum(layers[frozen:]))
        ),
    ],
    ("11-1", "ratio-of-reviews"): [
        lambda few, many, batch_size, epochs: many / few * epochs,
        lambda few, many, batch_size, epochs: int(many / few * epochs),
    ],
    ("11-3", "pairs-taken-apart"): [
        lambda one, other, gain: math.ceil(2 * 2.8**2 * np.var(one, ddof=1) / gain**2),
    ],
    ("13-2", "gains-not-in-pairs"): [
        partial(independent, equal_var=equal_var, common=common)
        for equal_var in (True, False)
        for common in (True, False)
    ],
    ("13-2", "normal-for-t"): [
        partial(gain_within, deviations=lambda n: 1.96 / n**0.5),
        partial(gain_within, deviations=lambda n: stats.norm.ppf(0.975) / n**0.5),
    ],
    ("13-2", "spread-for-error"): [
        partial(gain_within, deviations=lambda n: 1.96),
        partial(gain_within, deviations=lambda n: stats.t.ppf(0.975, n - 1)),
    ],
    ("13-3", "same-factor-for-all"): [
        lambda p_values, tried, level: [
            name
            for name in sorted(p_values, key=p_values.get)
            if p_values[name] < level / len(p_values)
        ],
    ],
}


@pytest.mark.parametrize(("number", "name"), OTHER_WAYS)
def test_a_misconception_that_shows_in_another_way_is_named_too(number, name):
    for answer in OTHER_WAYS[number, name]:
        assert objection(number, answer).name == name


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
def test_an_exercise_that_nobody_has_touched_is_told_from_a_wrong_one(number, capsys):
    names = dict(prepared(number))
    exec(task_of(number).code, names)
    check.exercise(number, names[EXERCISES[number].signature.partition("(")[0]])
    assert capsys.readouterr().out.splitlines()[-1] == f"☐ {number}"


@each_exercise
def test_what_an_assignment_begins_with_counts_as_untouched(number, capsys):
    notebook, names = read_source(source_of(number)), dict(prepared(number))
    source = SOLUTION.sub(r"\1raise NotImplementedError()\n", cell_of(notebook, number).source)
    with contextlib.suppress(NotImplementedError):
        exec(source, names)
    check.exercise(number, names[EXERCISES[number].signature.partition("(")[0]])
    assert capsys.readouterr().out.splitlines()[-1] == f"☐ {number}"
    names["check"] = SimpleNamespace(exercise=lambda *_: None)
    with pytest.raises(Exception):  # noqa: B017 - no points for it
        exec(cell_of(notebook, number, CHECK).source, names)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        ...,
        lambda texts, tokenizer, limit: None,
        lambda texts, tokenizer, limit: ...,
    ],
)
def test_an_answer_that_does_nothing_counts_as_untouched(answer, capsys):
    check.exercise("03-1", answer)
    assert capsys.readouterr().out == "☐ 03-1\n"


def test_an_answer_that_only_prints_is_told_to_return():
    def share_of_tokens(lengths, limit):
        print(sum(lengths))

    wrong = objection("09-2", share_of_tokens)
    assert wrong.name == "nothing-returned"


@each_exercise
def test_an_answer_of_another_kind_is_refused_in_one_sentence(number):
    wrong = objection(number, 7)
    assert wrong.name in ("another-kind", "not-as-asked")
    assert len(str(wrong).splitlines()) == 2


@pytest.mark.parametrize("value", [7, "x", [], {}, [[1]]])
@pytest.mark.parametrize("number", [number for number in EXERCISES if number not in NO_FUNCTION])
def test_whatever_an_answer_returns_it_gets_two_sentences_and_no_error_of_the_check(number, value):
    wrong = objection(number, lambda *_: value)
    assert len(str(wrong).splitlines()) == 2
    assert len(str(wrong)) < 1_000


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
    assert "1.0 is right" in str(wrong)


def test_a_message_names_the_smallest_case_as_a_notebook_would_call_it():
    def longest_review(rows):
        return len(rows), "neutral"

    wrong = objection("01-2", longest_review)
    call = "longest_review(dataset['train'].select(range(0, 5)))"
    assert f"`{call}` gives (5, 'neutral')" in str(wrong)


def test_a_message_stays_short_whatever_the_answer():
    wrong = objection("01-2", lambda rows: {"rows": rows})
    assert "{'rows': dataset['train'].select(range(0, 5))}" in str(wrong)
    assert len(str(wrong).splitlines()) == 2
    assert len(str(wrong)) < 500


def test_an_answer_may_change_the_list_that_it_gets():
    def share_of_tokens(lengths, limit):
        total = sum(lengths)
        lengths[:] = [min(length, limit) for length in lengths]
        return sum(lengths) / total

    check.exercise("09-2", share_of_tokens)


@pytest.mark.parametrize(
    ("folder", "shown"),
    [("zh", ["☒ 09-2 `<lambda>", "要提示，"]), ("en", ["☒ 09-2 `<lambda>", "For a hint, "])],
)
def test_jupyter_shows_what_is_said_in_the_notebook_s_language(
    folder, shown, tmp_path, monkeypatch, capsys
):
    (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / folder)
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.run_cell("from helpers import check\ncheck.exercise('09-2', lambda lengths, limit: 0.5)")
    lines = capsys.readouterr().out.strip().splitlines()
    assert [line[: len(begin)] for line, begin in zip(lines, shown, strict=True)] == shown
    assert bool(CHINESE.search("".join(lines))) == (folder == "zh")


def test_a_grader_reads_the_name_and_both_languages_whatever_is_shown(tmp_path, monkeypatch):
    (tmp_path / "zh").mkdir()
    monkeypatch.chdir(tmp_path / "zh")
    name, chinese, english = re.split(r": |\n", str(objection("00-1", sum_of_hits)), maxsplit=2)
    assert name == "count-for-share"
    assert CHINESE.search(chinese)
    assert not CHINESE.search(english)


def sum_of_hits(predictions, references):
    return sum(one == other for one, other in zip(predictions, references, strict=True))


@pytest.mark.parametrize(
    ("folder", "variable", "spoken"),
    [
        ("zh", "en", ("zh",)),
        ("en", None, ("en",)),
        ("assignments", "en", ("en",)),
        ("assignments", None, ("zh", "en")),
        ("assignments", "fr", ("zh", "en")),
    ],
)
def test_the_language_is_the_folder_s_then_the_variable_s_then_both(
    folder, variable, spoken, tmp_path, monkeypatch
):
    (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / folder)
    monkeypatch.delenv("COURSE_LANG", raising=False)
    if variable:
        monkeypatch.setenv("COURSE_LANG", variable)
    assert spoken_languages() == spoken


@each_exercise
def test_there_are_three_hints_in_both_languages(number):
    hints = EXERCISES[number].hints
    assert len(hints) == 3
    for hint in hints:
        assert CHINESE.search(hint.chinese)
        assert not CHINESE.search(hint.english)


def test_hints_come_one_at_a_time_and_end_at_the_solution(monkeypatch, capsys):
    monkeypatch.setattr(check, "_shown", Counter())
    for _ in range(4):
        check.hint("09-2")
    shown = capsys.readouterr().out.splitlines()
    steps = [line[:12] for line in shown if line.startswith("Hint")]
    assert steps == ["Hint 1 of 3:", "Hint 2 of 3:", "Hint 3 of 3:", "Hint 3 of 3:"]
    assert shown[-1].endswith('check.solution("09-2")')


@each_exercise
def test_the_solution_that_is_shown_is_the_source_s(number, capsys):
    check.solution(number)
    source = cell_of(read_source(source_of(number)), number).source.splitlines()
    assert capsys.readouterr().out.splitlines() == [line for line in source if "###" not in line]


def test_the_warmup_of_exercise_05_1_is_the_one_that_transformers_counts():
    from transformers import TrainingArguments

    for steps, share in ((189, 0.1), (12, 0.25), (538, 0.06), (20, 0.3)):
        arguments = TrainingArguments(output_dir="unused", use_cpu=True, warmup_steps=share)
        expected = arguments.get_warmup_steps(steps)
        assert steps_and_warmup(steps, 1, 1, share) == (steps, expected)


@pytest.mark.parametrize("ask", [lambda n: check.exercise(n, len), check.hint, check.solution])
def test_an_unknown_number_is_refused_with_the_known_ones(ask):
    with pytest.raises(ValueError, match=r"no exercise '3-1': pass one from '00-1' to"):
        ask("3-1")
