"""What a classifier of ordered levels is asked for: targets, losses, and the level it means."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch

from helpers.levels import CUTS, LEVELS, whole_rating_level


def rater_shares(ratings: Sequence[int]) -> list[float]:
    """Return the share of raters that each level has.

    It is no soft version of the label, which is the level of their mean: ratings of -4 and +4 have
    a neutral mean, and nobody said neutral.

    Args:
        ratings: what the people gave one text, whole numbers from -4 to +4.

    Returns:
        One share for each level; they add up to 1.

    Taught in 13, cell `rater-shares`.
    """
    counts = Counter(map(whole_rating_level, ratings))
    return [counts[level] / len(ratings) for level in range(len(LEVELS))]


def soft_label(ratings: Sequence[int], resamples: int = 200, seed: int = 0) -> list[float]:
    """Return how often a panel of other people would give each label, estimated by the bootstrap.

    Args:
        ratings: what the people gave one text, whole numbers from -4 to +4.
        resamples: how many panels of the same size are drawn from them, with replacement.
        seed: the same seed draws the same panels.

    Returns:
        For each level the share of panels whose mean falls into it; the shares add up to 1.

    Taught in 13, cell `soft-labels`.
    """
    generator = np.random.default_rng(seed)
    sums = generator.choice(ratings, (resamples, len(ratings))).sum(axis=1)
    # Whole numbers: a mean that equals a cut must not fall above it by rounding.
    cuts = np.array([int(10 * cut) for cut in CUTS]) * len(ratings)
    levels = (10 * sums[:, np.newaxis] > cuts).sum(axis=1)
    return (np.bincount(levels, minlength=len(LEVELS)) / resamples).tolist()


def cumulative_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Ask, for each cut between two levels, whether the label lies above it.

    Args:
        logits: one for each cut, shape (batch, levels - 1).
        labels: the levels, whole numbers, shape (batch,).

    Returns:
        The mean binary cross-entropy of all questions, a scalar.

    Source: Niu et al., Ordinal Regression with Multiple Output CNN, CVPR 2016.

    Taught in 13, cell `ordinal`.
    """
    cuts = torch.arange(logits.shape[1])
    above = (labels.unsqueeze(1) > cuts).float()
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, above)


def cumulative_probabilities(logits: np.ndarray) -> np.ndarray:
    """Turn answers on the cuts into a probability of each level.

    Args:
        logits: one for each cut, shape (n, levels - 1).

    Returns:
        Shape (n, levels); each row adds up to 1. Where a higher cut was found likelier than a
        lower one, the level between them has probability 0.
    """
    above = 1 / (1 + np.exp(-np.asarray(logits, dtype=np.float64)))
    above = np.minimum.accumulate(above, axis=1)
    ends = np.ones((len(above), 1)), np.zeros((len(above), 1))
    return -np.diff(np.hstack([ends[0], above, ends[1]]), axis=1)


def median_level(probabilities: np.ndarray) -> np.ndarray:
    """Return the median level: the lowest that half of the probability does not lie above.

    Of all levels it has the smallest expected absolute error; the likeliest level has the largest
    expected accuracy.

    Args:
        probabilities: shape (n, levels); each row adds up to 1.

    Returns:
        n levels.

    Taught in 13, cell `median-level`.
    """
    return (np.cumsum(probabilities, axis=1) < 0.5).sum(axis=1)
