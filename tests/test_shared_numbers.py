"""A number that two notebooks share is the same number: one split, one sample, one test set."""

import ast
import json
import re
from collections.abc import Sequence

import numpy as np
import pytest
from datasets import load_dataset
from support.notebooks import NOTEBOOKS, cells, each_notebook

from helpers import baselines
from helpers.environment import PROJECT
from helpers.intervals import bootstrap_interval, cluster_bootstrap_interval
from helpers.sampling import TRAIN_SIZE, VALIDATION_SIZE, split_validation, take_sample

NAMES = ("majority class", "median class", "TF-IDF", "fine-tuned BERT", "one person", "ceiling")
# A score of a predictor with its confidence interval, as the notebooks print it.
SCORE = re.compile(
    rf"^(?:accuracy, |MAE, )?({'|'.join(NAMES)})(?:, 1,000 samples)?\s+(?:accuracy|MAE)?\s*"
    r"(\d\.\d{3})\s+\((\d\.\d{3}) to (\d\.\d{3})\)(?!, n = (?!2000))",
    re.MULTILINE,
)


def printed_scores(path) -> list[tuple[str, ...]]:
    texts = [output.get("text", "") for cell in cells(path, "code") for output in cell.outputs]
    return [score for text in texts for score in SCORE.findall(text)]


def as_printed(values: Sequence, interval=bootstrap_interval) -> tuple[str, ...]:
    return tuple(f"{number:.3f}" for number in (np.hstack(values).mean(), *interval(values)))


@pytest.fixture(scope="module")
def scores(source) -> dict[str, set[tuple[str, ...]]]:
    """Of each predictor the accuracy, the mean absolute error and the share within one level."""
    dataset = load_dataset(source.dataset, cache_dir=source.cache_dir)
    train = take_sample(split_validation(dataset["train"])["train"], TRAIN_SIZE)
    test, truths = dataset["test"], np.array(dataset["test"]["label"])
    # Its last row is the recipe of notebook 07.
    rows = json.loads((PROJECT / "data" / "levers.json").read_text(encoding="utf-8"))
    texts = (train["text"], train["label"], test["text"])
    predicted = {
        "majority class": baselines.majority_class(train["label"], len(truths)),
        "median class": baselines.median_class(train["label"], len(truths)),
        "TF-IDF": baselines.tfidf_logistic_regression(*texts),
        "fine-tuned BERT": np.array(list(map(int, rows[-1]["predicted"]))),
    }
    scores = {}
    for name, labels in predicted.items():
        off = np.abs(labels - truths)
        scores[name] = {as_printed(values) for values in (off == 0, off, off <= 1)}
    ratings = baselines.load_ratings(source, "test")
    off = baselines.one_person_errors(ratings)
    by_review = [[row == 0 for row in off], off, [row <= 1 for row in off]]
    scores["one person"] = {as_printed(one, cluster_bootstrap_interval) for one in by_review}
    scores["ceiling"] = {as_printed(baselines.half_panel_hits(ratings))}
    return scores


@each_notebook
def test_every_printed_score_is_the_one_of_the_course(path, scores):
    assert [s for s in printed_scores(path) if s[1:] not in scores[s[0]]] == []


def test_the_scores_are_shared_by_notebooks():
    by_name = {name: set() for name in NAMES}
    for path in NOTEBOOKS:
        for name, *_ in printed_scores(path):
            by_name[name].add(path.stem)
    assert {name for name, where in by_name.items() if len(where) > 1} >= set(NAMES[:3])


@each_notebook
def test_every_validation_split_is_that_of_the_course(path):
    for cell in cells(path, "code"):
        for node in ast.walk(ast.parse(re.sub(r"^[%!].*$", "", cell.source, flags=re.M))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "split_validation":
                sizes = [ast.unparse(k.value) for k in node.keywords if k.arg == "size"]
                sizes += [ast.unparse(argument) for argument in node.args[1:2]]
                course = ([], [str(VALIDATION_SIZE)], ["validationsize(rows)"])
                assert [size.replace("_", "") for size in sizes] in course, cell.id
                assert [k for k in node.keywords if k.arg == "seed"] == [], cell.id
