"""The five levels of a review, how a rating from -4 to +4 falls into them, and other labels."""

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

LEVELS = ("very negative", "negative", "neutral", "positive", "very positive")

# A rating's level is the number of cuts that it lies above.
CUTS = (Fraction(-2), Fraction("-1.2"), Fraction("1.2"), Fraction(2))

# The level that one person's rating of -4, -3, ... 4 most often stands for.
WHOLE_RATING_LEVELS = (0, 0, 1, 1, 2, 3, 3, 4, 4)


def rating_level(rating: float | Fraction) -> int:
    """Turn a rating into a label.

    Args:
        rating: one person's rating, or the mean of several as a Fraction, from -4 to +4; the
            float nearest to a cut such as 1.2 lies beside it.

    Returns:
        The label, from 0 (very negative) to 4 (very positive).

    Raises:
        ValueError: for a rating that is not between -4 and +4.
    """
    if not -4 <= rating <= 4:
        raise ValueError(f"A rating lies between -4 and +4; {rating} does not.")
    return sum(rating > cut for cut in CUTS)


def whole_rating_level(rating: int) -> int:
    """Turn one person's whole-number rating into the label that it most often stands for.

    A mean can fall between -2 and -1.2, a whole number cannot: `rating_level` would never call a
    single person's rating `negative`. This map hits the labels most often, on train and on test.

    Args:
        rating: a whole number from -4 to +4.

    Returns:
        The label: 0 for -4 and -3, 1 for -2 and -1, 2 for 0, 3 for 1 and 2, 4 for 3 and 4.

    Raises:
        ValueError: for a rating that is not one of these numbers.

    Taught in 06, cell `raters`.
    """
    if rating not in range(-4, 5):
        raise ValueError(f"One person's rating is a whole number from -4 to 4; {rating} is not.")
    return WHOLE_RATING_LEVELS[rating + 4]


def in_order(names: Sequence[str]) -> bool:
    """Say whether labels are levels, so that one can be further off than another.

    Args:
        names: the name of each label, in the order of their numbers.

    Returns:
        Whether they begin with rising numbers, as in `1 star`, or are of the course's own levels.
        Two labels of any kind are always one apart: they count as levels.
    """
    places = [_place(name) for name in names]
    rising = None not in places and all(low < high for low, high in pairwise(places))
    return rising or len(names) == 2


def sort_labels(names: Iterable[str]) -> list[str]:
    """Sort labels by the levels or the numbers that they begin with, or else by their names."""
    names = sorted(names)
    places = {name: _place(name) for name in names}
    known = None not in places.values() and len(set(places.values())) == len(names)
    return sorted(names, key=places.__getitem__) if known else names


def _place(name: str) -> float | None:
    if name.lower() in LEVELS:
        return LEVELS.index(name.lower())
    number = re.match(r"[-+]?\d+(\.\d+)?", name)
    return float(number[0]) if number else None


def levels_off(predicted: np.ndarray, truths: np.ndarray, ordered: bool = True) -> np.ndarray:
    """Return how many levels each prediction is off.

    Args:
        predicted: n predicted labels, or several rows of n.
        truths: the n true ones.
        ordered: whether the labels are levels. If not, each wrong one is 1 off, and a line says so.
    """
    if ordered:
        return np.abs(predicted - truths)
    print("these labels have no order: each wrong one counts as one level off")
    return (predicted != truths).astype(int)


def level_scale(names: Sequence[str], ordered: bool = True) -> np.ndarray:
    """Return what each label counts when the mean level is taken.

    Args:
        names: the name of each label.
        ordered: whether the labels are levels. If not, the last label counts 1 and the others 0, so
            that the mean is the probability of that label, and a line says so.
    """
    if ordered:
        return np.arange(len(names))
    print(f"these labels have no order: the probability of {names[-1]!r} stands for the mean level")
    return np.eye(len(names))[-1]
