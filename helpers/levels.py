"""The five levels of a review, and how a rating from -4 to +4 falls into them."""

from fractions import Fraction

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
