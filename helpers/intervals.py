"""How far a score may be from what more test data would give."""

from collections.abc import Sequence

import numpy as np


def bootstrap_interval(
    values: Sequence[float], level: float = 0.95, resamples: int = 2_000, seed: int = 0
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean.

    Args:
        values: one score for each example, such as 1 for a hit and 0 for a miss.
        level: the share of resampled means that lie inside the interval.
        resamples: how often the examples are drawn anew, with replacement.
        seed: the same seed gives the same interval.

    Returns:
        The lower and the upper end, in the unit of `values`.

    Raises:
        ValueError: if there are no values, or `level` is not between 0 and 1.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    scores = np.asarray(values, dtype=np.float64)
    if scores.size == 0:
        raise ValueError("There are no scores to resample.")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: pass a number between 0 and 1, such as 0.95.")
    generator = np.random.default_rng(seed)
    means = [generator.choice(scores, scores.size).mean() for _ in range(resamples)]
    outside = (1 - level) / 2
    low, high = np.quantile(means, [outside, 1 - outside])
    return float(low), float(high)
