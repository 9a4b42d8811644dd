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
def metrics(source, tmp_path_factory) -> dict[str, evaluate.EvaluationModule]:
    cache = str(tmp_path_factory.mktemp("metrics"))
    return {name: evaluate.load(source.metric(name), cache_dir=cache) for name in METRIC_SCRIPTS}


def test_the_metrics_with_a_script_are_those_that_are_taken_from_the_hub(source):
    folders = {path.name for path in Path(source.metric("accuracy")).parent.iterdir()}
    assert folders == set(METRIC_SCRIPTS), "helpers/metrics and helpers/hub.py must agree"


@given(LEVEL_PAIRS)
def test_accuracy_is_scikit_learn_s(metrics, answers):
    predictions, references = answers
    result = metrics["accuracy"].compute(predictions=predictions, references=references)
    assert result == {"accuracy": pytest.approx(accuracy_score(references, predictions))}


@given(pairs(st.integers(0, 1)))
def test_f1_of_two_classes_is_scikit_learn_s(metrics, answers):
    predictions, references = answers
    result = metrics["f1"].compute(predictions=predictions, references=references)
    expected = f1_score(references, predictions, zero_division=0)
    assert result == {"f1": pytest.approx(expected)}


@pytest.mark.parametrize("average", ["macro", None])
@given(LEVEL_PAIRS)
def test_f1_of_more_classes_is_scikit_learn_s(metrics, average, answers):
    predictions, references = answers
    options = {"predictions": predictions, "references": references, "average": average}
    expected = f1_score(references, predictions, average=average, zero_division=0)
    assert metrics["f1"].compute(**options)["f1"] == pytest.approx(expected)


@given(pairs(st.floats(-1e6, 1e6, width=32)))
def test_mae_is_scikit_learn_s(metrics, answers):
    predictions, references = answers
    result = metrics["mae"].compute(predictions=predictions, references=references)
    assert result == {"mae": pytest.approx(mean_absolute_error(references, predictions))}


@each_metric
def test_arrays_are_taken_as_lists_are(metrics, name):
    metric = metrics[name]
    predictions, references = np.array([0, 1, 1]), np.array([1, 1, 0])
    from_arrays = metric.compute(predictions=predictions, references=references)
    assert from_arrays == metric.compute(predictions=[0, 1, 1], references=[1, 1, 0])


@each_metric
def test_a_result_is_a_plain_number(metrics, name):
    [(key, value)] = metrics[name].compute(predictions=[0, 1], references=[0, 0]).items()
    assert (key, type(value)) == (name, float)


@each_metric
def test_a_metric_loads_from_a_copy_of_its_folder_alone(source, tmp_path, name):
    folder = shutil.copytree(source.metric(name), tmp_path / name)
    metric = evaluate.load(str(folder), cache_dir=str(tmp_path / "cache"))
    assert metric.compute(predictions=[1], references=[1])[name] in (0.0, 1.0)


@each_metric
def test_a_metric_says_what_it_measures_and_takes(metrics, name):
    assert "best" in metrics[name].description
    assert "predictions" in metrics[name].inputs_description
