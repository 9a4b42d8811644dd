"""Whether a model is right as often as its probabilities say, and how to mend it."""

from collections.abc import Sequence

import numpy as np
from scipy import special
from scipy.optimize import minimize_scalar

# A temperature outside of these means that the logits cannot be mended.
LOWEST, HIGHEST = 0.01, 100.0


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Turn logits into probabilities.

    Args:
        logits: shape (n, classes).
        temperature: what the logits are divided by; above 1 makes the probabilities flatter.

    Returns:
        Probabilities of the same shape; each row adds up to 1.

    Raises:
        ValueError: if the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"The temperature is {temperature}: pass a number above 0.")
    return special.softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1)


def _check_labels(rows: np.ndarray, labels: np.ndarray) -> None:
    if len(rows) != len(labels) or not len(labels):
        raise ValueError(
            f"{len(rows)} predictions and {len(labels)} labels were given: "
            "pass one label for each of 1 or more predictions."
        )


def reliability_bins(
    probabilities: np.ndarray, labels: Sequence[int], bins: int = 10
) -> list[tuple[float, float, int]]:
    """Group predictions by their confidence, the probability of the predicted class.

    Args:
        probabilities: shape (n, classes).
        labels: the n true labels.
        bins: how many ranges of equal width from 0 to 1; each includes its upper end.

    Returns:
        For each range with predictions in it: mean confidence, accuracy, number of predictions.

    Raises:
        ValueError: if there are no predictions, not one label for each, or no bins.
    """
    probabilities, labels = np.asarray(probabilities), np.asarray(labels)
    _check_labels(probabilities, labels)
    if bins < 1:
        raise ValueError(f"{bins} bins were asked for: pass 1 or more.")
    confidences = probabilities.max(axis=1)
    hits = probabilities.argmax(axis=1) == labels
    numbers = np.clip(np.ceil(confidences * bins), 1, bins)
    return [
        (float(confidences[inside].mean()), float(hits[inside].mean()), int(inside.sum()))
        for inside in (numbers == number for number in np.unique(numbers))
    ]


def expected_calibration_error(
    probabilities: np.ndarray, labels: Sequence[int], bins: int = 10
) -> float:
    """Return how far confidence and accuracy lie apart, on average over the predictions.

    It depends on the bins: twice as many never make it smaller. And luck alone keeps it above 0,
    so that it says little without what labels drawn from the probabilities would give.

    Arguments and errors are those of `reliability_bins`.

    Returns:
        A number from 0 (calibrated) to 1.

    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    rows = reliability_bins(probabilities, labels, bins)
    return sum(count * abs(hit - sure) for sure, hit, count in rows) / len(labels)


def fit_temperature(logits: np.ndarray, labels: Sequence[int]) -> float:
    """Find the temperature with the lowest cross-entropy.

    Args:
        logits: shape (n, classes), of data that the model was not trained on.
        labels: the n true labels.

    Returns:
        What to divide logits by, from 0.01 to 100; the predicted classes stay the same.

    Raises:
        ValueError: if there are no logits, or not one label for each row.

    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    logits, labels = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    _check_labels(logits, labels)

    def cross_entropy(log_temperature: float) -> float:
        probabilities = softmax(logits, np.exp(log_temperature))[np.arange(len(labels)), labels]
        return -np.log(np.maximum(probabilities, np.finfo(float).tiny)).mean()

    bounds = (np.log(LOWEST), np.log(HIGHEST))
    return float(np.exp(minimize_scalar(cross_entropy, bounds=bounds, method="bounded").x))
