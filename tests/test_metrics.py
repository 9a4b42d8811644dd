import shutil
from pathlib import Path

import evaluate
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error

from helpers.hub import METRIC_SCRIPTS


def pairs(values: st.SearchStrategy) -> st.SearchStrategy:
    """One to forty predictions, each with its reference."""
    return st.lists(st.tuples(values, values), min_size=1, max_size=40).map(
        lambda rows: tuple(map(list, zip(*rows, strict=True)))
    )


each_metric = pytest.mark.parametrize("name", METRIC_SCRIPTS)
LEVEL_PAIRS = pairs(st.integers(0, 4))


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp("metrics"))


@pytest.fixture(scope="module")
def accuracy(source, cache):
    return evaluate.load(source.metric("accuracy"), cache_dir=cache)


@pytest.fixture(scope="module")
def f1(source, cache):
    return evaluate.load(source.metric("f1"), cache_dir=cache)


@pytest.fixture(scope="module")
def mae(source, cache):
    return evaluate.load(source.metric("mae"), cache_dir=cache)


def test_the_metrics_with_a_script_are_those_that_are_taken_from_the_hub(source):
    folders = {path.name for path in Path(source.metric("accuracy")).parent.iterdir()}
    assert folders == set(METRIC_SCRIPTS), "helpers/metrics and helpers/hub.py must agree"


@given(LEVEL_PAIRS)
def test_accuracy_is_scikit_learn_s(accuracy, answers):
    predictions, references = answers
    result = accuracy.compute(predictions=predictions, references=references)
    assert result == {"accuracy": pytest.approx(accuracy_score(references, predictions))}


@given(pairs(st.integers(0, 1)))
def test_f1_of_two_classes_is_scikit_learn_s(f1, answers):
    predictions, references = answers
    result = f1.compute(predictions=predictions, references=references)
    expected = f1_score(references, predictions, zero_division=0)
    assert result == {"f1": pytest.approx(expected)}


@given(LEVEL_PAIRS)
def test_macro_f1_is_scikit_learn_s(f1, answers):
    predictions, references = answers
    result = f1.compute(predictions=predictions, references=references, average="macro")
    expected = f1_score(references, predictions, average="macro", zero_division=0)
    assert result == {"f1": pytest.approx(expected)}


@given(LEVEL_PAIRS)
def test_f1_of_each_class_is_scikit_learn_s(f1, answers):
    predictions, references = answers
    result = f1.compute(predictions=predictions, references=references, average=None)["f1"]
    expected = f1_score(references, predictions, average=None, zero_division=0)
    assert result.tolist() == pytest.approx(expected.tolist())


@given(pairs(st.floats(-1e6, 1e6, width=32)))
def test_mae_is_scikit_learn_s(mae, answers):
    predictions, references = answers
    result = mae.compute(predictions=predictions, references=references)
    assert result == {"mae": pytest.approx(mean_absolute_error(references, predictions))}


@each_metric
def test_arrays_are_taken_as_lists_are(request, name):
    metric = request.getfixturevalue(name)
    predictions, references = np.array([0, 1, 1]), np.array([1, 1, 0])
    from_arrays = metric.compute(predictions=predictions, references=references)
    assert from_arrays == metric.compute(predictions=[0, 1, 1], references=[1, 1, 0])


@each_metric
def test_a_result_is_a_plain_number(request, name):
    metric = request.getfixturevalue(name)
    [(key, value)] = metric.compute(predictions=[0, 1], references=[0, 0]).items()
    assert (key, type(value)) == (name, float)


@each_metric
def test_a_metric_loads_from_a_copy_of_its_folder_alone(source, tmp_path, name):
    folder = shutil.copytree(source.metric(name), tmp_path / name)
    metric = evaluate.load(str(folder), cache_dir=str(tmp_path / "cache"))
    assert metric.compute(predictions=[1], references=[1])[name] in (0.0, 1.0)


@each_metric
def test_a_metric_says_what_it_measures_and_takes(request, name):
    metric = request.getfixturevalue(name)
    assert "best" in metric.description
    assert "predictions" in metric.inputs_description
