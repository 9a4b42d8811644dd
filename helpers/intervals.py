"""Confidence intervals: how far a score may be from what other test data would give."""

from collections.abc import Sequence

import numpy as np


def bootstrap_interval(
    values: Sequence[float], level: float = 0.95, resamples: int = 2_000, seed: int = 0
) -> tuple[float, float]:
    """Return the percentile bootstrap confidence interval of a mean.

    With few examples, nearly all right or wrong, it is too narrow: eight hits of eight give 1 to 1.

    Args:
        values: one score for each example, such as 1 for a hit and 0 for a miss; their order does
            not matter. For a paired interval, the difference of two scores of the same example.
        level: the share of resampled means that lie inside the interval.
        resamples: how often the examples are drawn anew, with replacement.
        seed: the same seed gives the same interval.

    Returns:
        The lower and the upper end, in the unit of `values`.

    Raises:
        ValueError: if there are no values, or `level` is not between 0 and 1.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Taught in 06, cell `bootstrap`.
    """
    # Sorted: the same scores in another order draw the same samples.
    scores = np.sort(np.asarray(values, dtype=np.float64))
    if scores.size == 0:
        raise ValueError("There are no scores to resample.")
    generator = np.random.default_rng(seed)
    means = [generator.choice(scores, scores.size).mean() for _ in range(resamples)]
    return _middle(means, level)


def cluster_bootstrap_interval(
    clusters: Sequence[Sequence[float]],
    level: float = 0.95,
    resamples: int = 2_000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the percentile bootstrap confidence interval of a mean of values in clusters.

    Values of one cluster, such as the ratings of one review, resemble each other: whole clusters
    are drawn anew, not values.

    Args:
        clusters: the values of each cluster, one or more.
        level: the share of resampled means that lie inside the interval.
        resamples: how often the clusters are drawn anew, with replacement.
        seed: the same seed gives the same interval.

    Returns:
        The lower and the upper end, in the unit of the values.

    Raises:
        ValueError: if there are no clusters, one is empty, or `level` is not between 0 and 1.

    Source: Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 3.8.
    Taught in 06, cell `one-person-interval`.
    """
    if not len(clusters) or not all(map(len, clusters)):
        raise ValueError("There are no clusters to resample, or one of them is empty.")
    sums, sizes = (np.array([measure(cluster) for cluster in clusters]) for measure in (sum, len))
    generator = np.random.default_rng(seed)
    means = []
    for _ in range(resamples):
        drawn = generator.integers(len(sums), size=len(sums))
        means.append(sums[drawn].sum() / sizes[drawn].sum())
    return _middle(means, level)


def _middle(means: Sequence[float], level: float) -> tuple[float, float]:
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: pass a number between 0 and 1, such as 0.95.")
    outside = (1 - level) / 2
    low, high = np.quantile(means, [outside, 1 - outside])
    return float(low), float(high)
