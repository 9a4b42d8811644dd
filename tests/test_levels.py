import math
from fractions import Fraction

import numpy as np
import pytest

from helpers.levels import (
    LEVELS,
    in_order,
    level_scale,
    levels_off,
    rating_level,
    sort_labels,
    whole_rating_level,
)


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


TRUTHS, PREDICTED = np.array([0, 1, 2]), np.array([2, 1, 1])


def test_how_far_off_a_level_is_counts_the_levels_between(capsys):
    assert levels_off(PREDICTED, TRUTHS).tolist() == [2, 0, 1]
    assert level_scale(["low", "middle", "high"]).tolist() == [0, 1, 2]
    assert capsys.readouterr().out == ""


def test_labels_without_an_order_are_one_off_and_a_line_says_so(capsys):
    assert levels_off(PREDICTED, TRUTHS, ordered=False).tolist() == [1, 0, 1]
    assert level_scale(["art", "law", "sport"], ordered=False).tolist() == [0, 0, 1]
    first, second = capsys.readouterr().out.splitlines()
    assert first == "these labels have no order: each wrong one counts as one level off"
    assert "the probability of 'sport' stands for the mean level" in second


@pytest.mark.parametrize(
    "names",
    [
        ["9 bad", "10 good"],
        ["-1", "0", "0.5"],
        ["neutral", "Very positive"],
        # One has no place, or two have the same: sorted as texts.
        ["1 star", "other"],
        ["10 good", "9 bad", "9 worse"],
    ],
)
def test_labels_are_sorted_by_their_levels_if_each_has_one_of_its_own(names):
    assert sort_labels(reversed(names)) == names


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["1 bad", "2 fair", "3 good"], True),
        (["very negative", "neutral", "Positive"], True),
        (["1 bad", "2 fair", "2 good"], False),
        (["3 good", "2 fair", "1 bad"], False),
        (["1 bad", "fair", "3 good"], False),
        (["art", "law"], True),
        (["art", "law", "sport"], False),
    ],
)
def test_labels_are_levels_if_they_rise_or_are_two(names, ordered):
    assert in_order(names) is ordered
