"""The five levels of a review, and how a rating from -4 to +4 falls into them."""

from fractions import Fraction

LEVELS = ("very negative", "negative", "neutral", "positive", "very positive")

# A rating's level is the number of cuts that it lies above.
CUTS = (Fraction(-2), Fraction("-1.2"), Fraction("1.2"), Fraction(2))


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
