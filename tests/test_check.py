"""The checks accept what is right, and name each misconception that an answer shows."""

import contextlib
import math
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from datasets import ClassLabel, List
from IPython.core.interactiveshell import InteractiveShell
from scipy import stats
from support.exercise_notebooks import CHECK, SOURCES, cell_of, numbers, read_source, source_of
from support.mistakes import MISTAKES, NO_FUNCTION, mistake
from support.prose import CHINESE
from traitlets.config import Config

from helpers import check
from helpers.check import EXERCISES, MISCONCEPTIONS, WrongAnswer
from helpers.check.answers import format_call, same
from helpers.check.language import spoken_languages
from helpers.check.notebook_05 import CHOICES, steps_and_warmup
from helpers.check.notebook_06 import class_counts
from helpers.check.notebook_10 import STARS
from helpers.check.tasks import SOLUTION, Task, read_tasks
from helpers.environment import PROJECT
from helpers.levels import LEVELS, rating_level

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


def test_importing_the_checks_loads_nothing_that_takes_seconds():
    code = (
        "import sys, helpers.check, helpers.own_data; "
        "print({'datasets', 'ipywidgets', 'torch', 'transformers'} & sys.modules.keys())"
    )
    child = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True
    )
    assert child.stdout == "set()\n", child.stderr


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


# What the checks show of their cases to who gets none right, and then none but those: the cases,
# and what is right.
EIGHT_SHARDS = [[row, row + 1, row + 2] for row in range(0, 24, 3)]
SHOWN_CASES = {
    "00-1": {"[4, 0, 2, 2], [4, 1, 2, 0]": "0.5"},
    "00-2": {
        f"[-2.5, -0.3, 0.2, 0.6, 1.1], {[*LEVELS]}": "'very positive'",
        f"[-1.2, -0.4, -0.9, -2.1, -3.0], {[*LEVELS]}": "'negative'",
    },
    "00-3": {"[False, True, False, False], [True, False, True, True]": "0.5"},
    "01-2": {
        "dataset['train'].select(range(0, 5))": "(220, 'very positive')",
        "dataset['train'].select(range(0, 300))": "(252, 'positive')",
        "dataset['train'].select(range(4600, 4900))": "(257, 'negative')",
    },
    "01-3": {"dataset['test'].select(range(0, 6)).to_iterable_dataset(), 'neutral'": "1"},
    "02-3": {"'text', Value('string')": "'text'"},
    "03-1": {"['A great film', 'A heartwarming film!', 'Superb.'], tokenizer, 5": "0.333333"},
    "03-2": {
        "'A heartwarming film!', tokenizer, 5": "[101, 6562, 2143, 999, 102]",
        "'A heartwarming film!', tokenizer, 32": "[101, 1037, 2540, 9028, 6562, 2143, 999, 102]",
    },
    "03-3": {
        "{'text': 'A great film'}, tokenizer": "{'tokens': 5}",
        "{'text': ['A great film', 'A heartwarming film!', 'Superb.']}, tokenizer": (
            "{'tokens': [5, 8, 4]}"
        ),
    },
    "04-1": {
        "dataset['train'].select(range(3900, 6400)), 200, [3, 1, 4]": "(41, 43)",
        "dataset['train'].select(range(3900, 6400)), 500, range(0, 6)": "(103, 114)",
    },
    "04-3": {"['Too  long.', 'Fine'], ['too long. ', 'FINE', 'fin e', 'Long.']": "2"},
    "05-1": {
        "96, 8, 1, 0.25": "(12, 3)",
        "100, 30, 5, 0.3": "(20, 6)",
        "8603, 32, 2, 0.06": "(538, 33)",
    },
    "06-1": {"[0, 1, 1, 0, 1], [0, 1, 0, 0, 1], 2": "[0.8, 0.8]"},
    "06-3": {"[[0.1, 1.0, 0.2], [0.9, 0.0, 0.1], [0.2, 0.4, 0.3]], [2, 2, 0]": "0.666667"},
    "07-1": {"[{'learning_rate': 1e-05, 'test_accuracy': 0.374711, 'traini...": "5e-05"},
    "07-3": {"[[-4, 4], [3, 3, -3]]": "0.0"},
    "09-1": {
        "[700, 900, 400], 5000, 1, 10": "92000",
        f"{[1774464] * 6}, 11918592, 0, 27000": "1724779008000",
        f"{[1774464] * 6}, 11918592, 3, 27000": "1149852672000",
    },
    "09-2": {"[4, 6], 16": "1.0", "[48, 52, 9, 24, 32], 32": "0.781818"},
    "09-3": {
        "335141888, 302309376, 351000000, 65000000000000.0": "(5.36227, 7.77367)",
        "108310272, 85054464, 351000000, 989000000000000.0": "(1.73296, 0.143744)",
    },
    "11-1": {"48, 104, 32, 3": "6", "250, 8303, 16, 3": "98"},
    "11-2": {
        f"{EIGHT_SHARDS}, 0, 2": "[0, 1, 2, 6, 7, 8, 12, 13, ...]",
        f"{EIGHT_SHARDS}, 1, 2": "[3, 4, 5, 9, 10, 11, 15, 16, ...]",
        f"{EIGHT_SHARDS}, 0, 3": "[0, 3, 6, 9, 12, 15, 18, 21]",
    },
    "11-3": {
        "[0.31, 0.35, 0.33], [0.34, 0.36, 0.35], 0.003": "88",
        "[0.457, 0.439, 0.465, 0.473, 0.474], [0.466, 0.44, 0.47, 0.462, 0.446], 0.01": "18",
    },
    "12-1": {
        "108310272, 1950000, 32, 8, 80": "0.16042",
        "108310272, 1950000, 32, 16, 10": "0.687516",
    },
    "12-2": {
        "{}": "0",
        "{'checkpoint-500': False}": "0",
        "{'checkpoint-12': True, 'checkpoint-4': True, 'checkpoint-8': True}": "12",
        "{'checkpoint-12': False, 'checkpoint-4': True, 'checkpoint-8': True}": "8",
    },
    "12-3": {"2e-05, 4, 1, 8": "2.82843e-05", "5e-05, 32, 8, 2": "0.000282843"},
    "13-1": {
        "[[0.282785, 0.121462, 0.352828, 0.121462, 0.121462]], [[0, 4, 8, 12, 16], "
        "[1, 0, 4, 8, 12], [2, 1, 0, 4, 8], [3, 2, 1, 0, 4], [4, 3, 2, 1, 0]]": "[0]",
    },
    "13-2": {
        "{1: 0.4, 2: 0.43, 3: 0.45, 4: 0.52}, {1: 0.41, 2: 0.45, 3: 0.44, 4: 0.55}": (
            "(0.0125, -0.0146753, 0.0396753)"
        ),
        "{42: 0.457, 43: 0.439, 44: 0.465, 45: 0.473, ...}, "
        "{42: 0.468, 44: 0.481, 46: 0.475, 47: 0.409}": "(0.00933333, -0.00963958, 0.0283062)",
    },
    "13-3": {"{'longer': 0.025}, 2, 0.05": "[]"},
}

WHOLE = (
    "单独运行这一句，看中间每一步的结果。",
    "run this call alone, and look at the result of each step.",
)
CUT = (
    "先拿两三条数得清的数据试一试。",
    "try it first on two or three rows that you can count yourself.",
)


def solved(number: str) -> Callable:
    """The solution of an exercise that asks for a function."""
    names = dict(prepared(number))
    exec(cell_of(read_source(source_of(number)), number).source, names)
    return names[EXERCISES[number].signature.partition("(")[0]]


@pytest.mark.parametrize("number", SHOWN_CASES)
def test_an_answer_that_knows_the_cases_shown_by_heart_is_shown_the_next(number):
    solution, known = solved(number), []

    def answer(*given):
        return solution(*given) if format_call(answer, given) in known else "?"

    for case, right in SHOWN_CASES[number].items():
        wrong = objection(number, answer)
        assert wrong.name == "another-value"
        # What is cut off cannot be run again.
        chinese, english = CUT if "..." in case else WHOLE
        assert wrong.chinese == f"`answer({case})` 得到 '?'，应当是 {right}：{chinese}"
        assert wrong.english == f"`answer({case})` gives '?', and {right} is right: {english}"
        known.append(f"answer({case})")


class Lines:
    def __repr__(self):
        return "one\ntwo"


class Long:
    def __init__(self, length):
        self.length = length

    def __repr__(self):
        return "x" * self.length


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.1 + 0.2, "0.3"),
        (2.0, "2.0"),
        (np.float64(0.25), "0.25"),
        ([np.float64(0.25), (np.int64(1),)], "[0.25, (1,)]"),
        (np.arange(3), "[0, 1, 2]"),
        ([*range(9)], "[0, 1, 2, 3, 4, 5, 6, 7, ...]"),
        ("x" * 61, f"'{'x' * 27}...{'x' * 28}'"),
        (object(), "object"),
        (Lines(), "Lines"),
        (Long(140), "x" * 140),
        (Long(141), "Long"),
    ],
)
def test_a_value_is_shown_in_one_short_line(value, shown):
    wrong = objection("09-2", lambda *_: value)
    assert f" gives {shown}, and 1.0 is right: " in wrong.english


@pytest.mark.parametrize(
    ("found", "expected", "equal"),
    [
        (0.1 + 0.2, 0.3, True),
        (1 + 1e-7, 1, True),
        (1 + 1e-5, 1, False),
        (1e-10, 0, True),
        (1e-8, 0, False),
        (math.nan, math.nan, True),
        (1.0, math.nan, False),
        (math.nan, 1.0, False),
        ((1, 2), [1, 2], True),
        (np.array([1.0]), (1,), True),
        ([1, 3], [1, 2], False),
        ([1], [1, 2], False),
        (1, [1], False),
        ([1], 1, False),
        ({"a": 1.0}, {"a": 1}, True),
        ({"a": 2}, {"a": 1}, False),
        ({"b": 1}, {"a": 1}, False),
        ([1], {"a": 1}, False),
        ("1", "1", True),
        ("1", "2", False),
        (1, "1", False),
        ("1", 1, False),
    ],
)
def test_outcomes_are_the_same_within_rounding(found, expected, equal):
    assert same(found, expected) is equal


def of_level(rows, level):
    return [row["text"] for row in rows if row["label"] == level]


def truncated_and_counted(examples, tokenizer):
    ids = tokenizer(examples["text"], truncation=True)["input_ids"]
    single = isinstance(examples["text"], str)
    return {"tokens": len(ids) if single else [len(row) for row in ids]}


def some_of_each(rows, per_label):
    labels = rows["label"][:]
    return [
        place
        for level in range(5)
        for place in [at for at, label in enumerate(labels) if label == level][:per_label]
    ]


def starred(label, names=STARS):
    def label_stars(rows):
        labelled = rows.map(lambda row: {"label": label(row["stars"])})
        return labelled.cast_column("label", ClassLabel(names=names))

    return label_stars


def quantized(times=1, agreement=1):
    def int8_report(path, smaller, logits_of, inputs):
        from onnxruntime.quantization import quantize_dynamic

        quantize_dynamic(path, smaller)
        old, new = (logits_of(file, inputs).argmax(axis=-1) for file in (path, smaller))
        smaller_by = path.stat().st_size / smaller.stat().st_size
        return times * smaller_by, agreement * np.mean(old == new)

    return int8_report


def tagged(tag, times=1):
    def tag_version(api, repo_id, commit):
        for _ in range(times):
            api.create_tag(repo_id, tag=tag, revision=commit.oid, repo_type="dataset")

    return tag_version


# What is said of answers that no misconception explains: how it begins.
UNEXPLAINED = [
    ("02-1", lambda *_: ["?"], "Some reviews are not of level 0: "),
    (
        "02-1",
        lambda rows, level, size, seed: of_level(rows, level)[: size + 1],
        "`len(<lambda>(dataset['train'].select(range(4500, 4900)), 0, 5, 1))` gives 6, and 5 is ",
    ),
    ("02-2", lambda seen, size, generator: size, "A place is a number from 0 to 2; "),
    (
        "02-2",
        lambda seen, size, generator: None if generator.random() > size / seen else 0,
        "Not every place is ever replaced: ",
    ),
    (
        "02-2",
        lambda seen, size, generator: generator.choice([None]),
        "At row 4 of a reservoir of 3 it replaces in 0% of the draws, and 75% is right.",
    ),
    (
        "02-2",
        lambda seen, size, generator: (
            None if generator.random() > 0.95 * size / seen else generator.randrange(size)
        ),
        "At row 4 of a reservoir of 3 it replaces in 70% of the draws, and 75% is right.",
    ),
    ("03-3", truncated_and_counted, "`truncated_and_counted({'text': "),
    ("04-2", lambda rows, *_: rows.remove_columns("label"), "A `Dataset` with the same columns "),
    (
        "04-2",
        lambda rows, per_label, seed: rows.select(some_of_each(rows, per_label)[1:]),
        "The levels have {0: 19, 1: 20, 2: 20, 3: 20, 4: 20} rows, and 20 of each are right.",
    ),
    (
        "04-2",
        lambda rows, per_label, seed: rows.select(some_of_each(rows, 1) * per_label),
        "Some rows come twice or are not of these data: ",
    ),
    ("05-2", {"order", "rate"}, "A set is asked for, of some of these four words: head, order, "),
    ("05-2", {"order", "schedule"}, "The learning rate schedule follows from the steps "),
    ("05-3", Counter, "A class is asked for that inherits from `TrainerCallback`: "),
    ("06-2", lambda *_: (0.4, 0.5, 0.6), "Two numbers are asked for: the lower and the upper end "),
    (
        "06-2",
        lambda *_: (0.4, 0.5),
        "It gives 0.400 to 0.500, and about 0.502 to 0.545 is right: ",
    ),
    (
        "07-2",
        lambda model: model.bert.embeddings.requires_grad_(False),
        "Besides the head, 50 parameters are still trained, such as "
        "bert.encoder.layer.0.attention.output.LayerNorm.bias: ",
    ),
    (
        "08-1",
        lambda *_: (0.4, 0.5),
        "It gives 0.400 to 0.500, and about 0.288 to 0.372 is right: ",
    ),
    ("08-3", lambda *_: 4.0, "Two numbers are asked for: how many times smaller the file is, "),
    ("08-3", lambda *_: (4.0, 1.0), "There is no file `smaller`: "),
    ("08-3", quantized(times=2), "`int8_report(path, smaller, logits_of, inputs)[0]` gives "),
    ("08-3", quantized(agreement=0.5), "`int8_report(path, smaller, logits_of, inputs)[1]` gives "),
    ("10-1", lambda rows: rows, "A `Dataset` with a column `label` is asked for: "),
    (
        "10-1",
        starred(lambda stars: stars % 5),
        f"The names are {STARS} and the labels [0, 1, 3, 2, 4, 4, 1]: for [5, 1, 3, 2, 4, 4, 1] "
        f"stars the labels are [4, 0, 2, 1, 3, 3, 0], and the names {STARS}.",
    ),
    ("10-2", lambda lines: [], "A generator is asked for: "),
    (
        "10-2",
        lambda lines: ({"n": number} for number in range(9)),
        "The first rows are [{'n': 0}, {'n': 1}]: ",
    ),
    ("10-3", tagged("v2", times=2), "`api.create_tag` was called 2 times, and 1 is right: "),
    (
        "10-3",
        tagged("2"),
        "The tag asked for is ('learner/my-reviews', '2', "
        "'0f5c1d3e9ab24680c7d1e2f3a4b5c6d7e8f90a1b'), and ('learner/my-reviews', 'v2', ",
    ),
    (
        "11-1",
        lambda few, many, batch_size, epochs: math.ceil(
            many / batch_size * epochs / math.ceil(few / batch_size)
        ),
        "`<lambda>(48, 104, 32, 3)` gives 5, and 6 is right: ",
    ),
]


@pytest.mark.parametrize(("number", "answer", "told"), UNEXPLAINED)
def test_what_no_misconception_explains_is_told_in_both_languages(number, answer, told):
    wrong = objection(number, answer)
    assert wrong.name in ("not-as-asked", "another-value")
    assert wrong.english.startswith(told)
    figures = [
        sorted(re.findall(r"\d+(?:\.\d+)?%?", text)) for text in (wrong.chinese, wrong.english)
    ]
    assert figures[0] == figures[1]


@pytest.mark.parametrize(
    ("moved", "deviations", "name"),
    [
        (0, 1.96, None),
        (0.15, 1.9, None),
        (-0.15, 2.05, None),
        (0.25, 1.96, "not-as-asked"),
        (-0.25, 1.96, "not-as-asked"),
        (0, 2.2, "not-as-asked"),
        (0.15, 1.6, "five-percent-each-side"),
        (-0.15, 1.7, "five-percent-each-side"),
        (0, 1.4, "not-as-asked"),
    ],
)
def test_an_interval_may_differ_as_much_as_resampling_does(moved, deviations, name):
    def accuracy_interval(predictions, references):
        hits = predictions == references
        error = hits.std() / len(hits) ** 0.5
        centre = hits.mean() + moved * error
        return centre - deviations * error, centre + deviations * error

    if name:
        assert objection("06-2", accuracy_interval).name == name
    else:
        check.exercise("06-2", accuracy_interval)


@pytest.mark.parametrize(
    ("moved", "factor", "name"),
    [
        (0.1, 1.05, None),
        (-0.1, 0.95, None),
        (0.4, 1, "not-as-asked"),
        (0, 1.2, "not-as-asked"),
        (0, 0.8, "not-as-asked"),
    ],
)
def test_an_interval_of_a_gap_may_differ_as_much_too(moved, factor, name):
    def gap_interval(first, second):
        error = np.hypot(*(group.std() / len(group) ** 0.5 for group in (first, second)))
        centre = first.mean() - second.mean() + moved * error
        return centre - factor * 1.96 * error, centre + factor * 1.96 * error

    if name:
        assert objection("08-1", gap_interval).name == name
    else:
        check.exercise("08-1", gap_interval)


# The exercises whose solution has a comparison.
@pytest.mark.parametrize("number", ["02-2", "03-1", "05-3", "06-3", "07-3", "13-3"])
def test_an_answer_that_is_wrong_only_where_two_sides_are_equal_is_noticed(number):
    def turned(sign):
        return f" {sign[1]} " if sign[2] else f" {sign[1]}= "

    solution = cell_of(read_source(source_of(number)), number).source
    answer, comparisons = re.subn(r" ([<>])(=?) ", turned, solution)
    assert comparisons == 1
    with pytest.raises(WrongAnswer):
        grade(number, answer)


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
    ("02-1", "seed-not-used"): [
        lambda rows, level, size, seed: random.sample(of_level(rows, level), size),
    ],
    ("03-1", "measured-after-truncation"): [
        lambda texts, tokenizer, limit: np.mean(
            [len(ids) > limit for ids in tokenizer(texts, truncation=True)["input_ids"]]
        ),
    ],
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
    ("05-2", "seed-redraws-the-head"): [CHOICES],
    ("06-1", "never-predicted-class"): [
        lambda *case: [
            2 / (int(guessed) / int(hits) + int(true) / int(hits))
            for hits, guessed, true in class_counts(*case)
        ],
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
    ("10-1", "best-stars-first"): [
        starred(lambda stars: 5 - stars),
        starred(lambda stars: stars - 1, names=STARS[::-1]),
    ],
    ("10-2", "whole-file-read"): [
        lambda lines: list(lines),
        lambda lines: ({"text": one.strip()} for one, _ in pairwise(lines) if one.strip()),
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


def last_for_unlabelled_in_lists(value, feature):
    if value and isinstance(feature, dict):
        return {
            name: last_for_unlabelled_in_lists(value[name], inner)
            for name, inner in feature.items()
        }
    if value and isinstance(feature, List):
        return [feature.feature.names[number] for number in value]
    return solved("02-3")(value, feature)


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("02-3", last_for_unlabelled_in_lists),
        ("07-1", lambda runs: min(run["learning_rate"] for run in runs)),
        ("09-1", lambda layers, *given: layers[given[1]] and solved("09-1")(layers, *given)),
        (
            "12-1",
            lambda parameters, texts, size, *given: solved("12-1")(parameters, texts, 32, *given),
        ),
    ],
    ids=[
        "the last name for an unlabelled item",
        "the smallest rate",
        "some layer trained",
        "batches of 32",
    ],
)
def test_what_is_right_on_some_cases_only_is_wrong(number, answer):
    assert objection(number, answer).name in ("another-value", "an-error")


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


def test_an_error_is_that_of_a_misconception_only_if_it_says_the_same():
    assert objection("01-1", lambda rows: rows[len(rows)]).name == "past-the-end"
    assert objection("01-1", lambda rows: rows["no such column"]).name == "an-error"


def test_an_error_in_an_answer_is_told_with_its_cause():
    def truncated_share(texts, tokenizer, limit):
        return texts.no_such_method()

    wrong = objection("03-1", truncated_share)
    assert wrong.name == "an-error"
    assert "no_such_method" in str(wrong)
    assert isinstance(wrong.__cause__, AttributeError)


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
    told = [
        line
        for step, one in enumerate(EXERCISES["09-2"].hints, start=1)
        for line in (f"提示 {step}/3：{one.chinese}", f"Hint {step} of 3: {one.english}")
    ]
    show = 'check.solution("09-2")'
    last = [f"这是最后一步提示。参考解答：{show}", f"This is the last hint. Our solution: {show}"]
    assert capsys.readouterr().out.splitlines() == [*told, *last, *told[-2:], *last]


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
