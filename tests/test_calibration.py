import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.calibration import (
    expected_calibration_error,
    fit_temperature,
    reliability_bins,
    softmax,
)


def random_logits(rows: int, scale: float = 2.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=scale, size=(rows, 5))


def draw_labels(probabilities: np.ndarray, seed: int = 1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.array([generator.choice(len(row), p=row) for row in probabilities])


@given(st.floats(0.05, 20), st.integers(0, 9))
def test_probabilities_add_up_to_1_in_the_order_of_the_logits(temperature, seed):
    logits = random_logits(10, seed=seed)
    probabilities = softmax(logits, temperature)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert probabilities.argmax(axis=1).tolist() == logits.argmax(axis=1).tolist()


def test_large_logits_do_not_overflow():
    assert softmax(np.array([[1e4, 0, -1e4]])).tolist() == [[1, 0, 0]]


@pytest.mark.parametrize("temperature", [0, -1, float("nan")])
def test_a_temperature_that_is_not_above_0_is_refused(temperature):
    with pytest.raises(ValueError, match="pass a number above 0"):
        softmax(np.zeros((1, 2)), temperature)


def test_predictions_are_grouped_by_confidence():
    probabilities = [[0.95, 0.05], [0.91, 0.09], [0.4, 0.6], [0.35, 0.65], [0.0, 1.0]]
    rows = reliability_bins(np.array(probabilities), [0, 1, 1, 1, 1])
    assert rows == [
        (pytest.approx(0.6), 1.0, 1),
        (pytest.approx(0.65), 1.0, 1),
        (pytest.approx(0.9533, abs=1e-4), pytest.approx(2 / 3), 3),
    ]


def test_the_error_is_the_gap_weighted_by_the_number_of_predictions():
    probabilities = np.array([[0.8, 0.2]] * 3 + [[0.4, 0.6]])
    # Two of three are right at 0.8, the one at 0.6 is wrong.
    expected = 3 / 4 * abs(2 / 3 - 0.8) + 1 / 4 * 0.6
    assert expected_calibration_error(probabilities, [0, 0, 1, 0]) == pytest.approx(expected)


@given(st.integers(1, 30), st.integers(0, 9))
def test_one_bin_compares_the_two_means(rows, seed):
    probabilities = softmax(random_logits(rows, seed=seed))
    labels = np.random.default_rng(seed).integers(0, 5, rows)
    gap = abs(probabilities.max(axis=1).mean() - (probabilities.argmax(axis=1) == labels).mean())
    assert expected_calibration_error(probabilities, labels, bins=1) == pytest.approx(gap)


@pytest.mark.parametrize(("rows", "labels"), [(0, []), (2, [0])])
def test_predictions_and_labels_must_fit(rows, labels):
    with pytest.raises(ValueError, match="pass one label for each"):
        expected_calibration_error(np.full((rows, 2), 0.5), labels)
    with pytest.raises(ValueError, match="pass one label for each"):
        fit_temperature(np.zeros((rows, 2)), labels)


def test_no_bins_are_refused():
    with pytest.raises(ValueError, match="0 bins were asked for"):
        expected_calibration_error(np.array([[1.0, 0.0]]), [0], bins=0)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_labels_were_drawn_with_is_found_again(temperature):
    logits = random_logits(10_000, scale=3.0)
    labels = draw_labels(softmax(logits, temperature))
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.05)


def test_the_temperature_of_what_is_always_wrong_is_high_and_of_what_is_always_right_low():
    logits = np.array([[2.0, 0.0], [0.0, 2.0]])
    assert fit_temperature(logits, [0, 1]) < 0.1
    assert fit_temperature(logits, [1, 0]) == pytest.approx(100, rel=1e-2)
