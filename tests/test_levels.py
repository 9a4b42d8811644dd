import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.levels import CUTS, LEVELS, rating_level, whole_rating_level

RATINGS = st.fractions(min_value=-4, max_value=4)


def test_the_five_levels_run_from_very_negative_to_very_positive():
    assert LEVELS == ("very negative", "negative", "neutral", "positive", "very positive")


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


def test_each_whole_rating_has_its_level():
    assert [rating_level(rating) for rating in range(-4, 5)] == [0, 0, 0, 2, 2, 2, 3, 4, 4]


@given(RATINGS, RATINGS)
def test_a_higher_rating_never_has_a_lower_level(first, second):
    low, high = sorted([first, second])
    assert rating_level(low) <= rating_level(high)


@given(RATINGS.filter(lambda rating: rating not in CUTS))
def test_turning_the_sign_mirrors_the_level(rating):
    assert rating_level(-rating) == len(LEVELS) - 1 - rating_level(rating)


@pytest.mark.parametrize("rating", [-4.001, 4.001, math.inf, math.nan])
def test_a_rating_off_the_scale_is_refused(rating):
    with pytest.raises(ValueError, match="lies between -4 and \\+4"):
        rating_level(rating)


@pytest.mark.parametrize("rating", [-5, 5, 0.5])
def test_what_one_person_cannot_have_given_is_refused(rating):
    with pytest.raises(ValueError, match="whole number from -4 to 4"):
        whole_rating_level(rating)
