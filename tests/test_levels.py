import math
from fractions import Fraction

import pytest

from helpers.levels import LEVELS, rating_level, whole_rating_level


@pytest.mark.parametrize(
    ("rating", "name"),
    [
        ("-4", "very negative"),
        ("-2", "very negative"),
        ("-1.999", "negative"),
        ("-1.2", "negative"),
        ("-1.199", "neutral"),
        ("0", "neutral"),
        ("1.2", "neutral"),
        ("1.201", "positive"),
        ("2", "positive"),
        ("2.001", "very positive"),
        ("4", "very positive"),
    ],
)
def test_a_rating_on_a_cut_belongs_to_the_lower_level(rating, name):
    assert LEVELS[rating_level(Fraction(rating))] == name


@pytest.mark.parametrize("rating", [-4.001, 4.001, math.inf, math.nan])
def test_a_rating_off_the_scale_is_refused(rating):
    with pytest.raises(ValueError, match="lies between -4 and \\+4"):
        rating_level(rating)


@pytest.mark.parametrize("rating", [-5, 5, 0.5])
def test_what_one_person_cannot_have_given_is_refused(rating):
    with pytest.raises(ValueError, match="whole number from -4 to 4"):
        whole_rating_level(rating)
