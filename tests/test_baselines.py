from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.baselines import (
    half_panel_agreement,
    load_ratings,
    majority_class,
    rater_errors,
    tfidf_logistic_regression,
)
from helpers.levels import rating_level

TRAIN_TEXTS = ["good great film", "great fun", "awful boring film", "boring mess"]
TRAIN_LABELS = [1, 1, 0, 0]


@given(st.lists(st.integers(0, 4), min_size=1), st.integers(0, 9))
def test_the_majority_class_is_a_most_frequent_label_repeated(labels, size):
    predictions = majority_class(labels, size)
    assert len(predictions) == size
    assert all(Counter(labels)[label] == max(Counter(labels).values()) for label in predictions)


@pytest.mark.parametrize("labels", [[3, 1, 2], [2, 3, 1], [3, 3, 1, 1]])
def test_among_equally_frequent_labels_the_smallest_is_predicted(labels):
    assert majority_class(labels, 2).tolist() == [1, 1]


def test_the_majority_of_no_labels_is_refused():
    with pytest.raises(ValueError, match="no training labels to count"):
        majority_class([], 3)


def test_tfidf_learns_the_words_of_each_class():
    texts = ["great", "boring", "a great film", "boring boring"]
    assert tfidf_logistic_regression(TRAIN_TEXTS, TRAIN_LABELS, texts).tolist() == [1, 0, 1, 0]


def test_tfidf_sees_the_order_of_two_words():
    train = ["not good bad", "bad not good", "good not bad", "not bad good"]
    predictions = tfidf_logistic_regression(train, [0, 0, 1, 1], ["not good", "not bad"])
    assert predictions.tolist() == [0, 1]


def test_tfidf_needs_two_classes():
    with pytest.raises(ValueError, match="at least 2 classes"):
        tfidf_logistic_regression(["good", "great"], [1, 1], ["good"])


def test_the_ratings_of_a_split_are_lists_of_whole_numbers_on_the_scale(source):
    ratings = load_ratings(source, "test")
    assert len(ratings) == 2_000
    assert all(-4 <= rating <= 4 and isinstance(rating, int) for row in ratings for rating in row)


def test_a_source_without_ratings_gives_none(source):
    assert load_ratings(replace(source, ratings=None), "test") == []


def test_a_rater_s_error_is_counted_in_levels():
    # -4 is level 0, 0 is level 2, 2 is level 3.
    assert rater_errors([[-4, 0, 2], [2]], [0, 3]).tolist() == [0, 2, 3, 0]


@given(st.lists(st.lists(st.integers(-4, 4), min_size=1), min_size=1), st.integers(0, 4))
def test_each_rating_has_one_error_from_0_to_4(ratings, label):
    errors = rater_errors(ratings, [label] * len(ratings))
    assert errors.tolist() == [abs(rating_level(one) - label) for row in ratings for one in row]


def test_without_ratings_there_are_no_errors():
    errors = rater_errors([], [0, 1, 2])
    assert errors.tolist() == []
    assert errors.dtype == np.int64


def test_ratings_that_do_not_fit_the_labels_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        rater_errors([[0], [1]], [2])


def test_halves_of_raters_of_one_mind_agree():
    assert half_panel_agreement([[3] * 15, [-1] * 16]) == 1.0


def test_halves_of_two_raters_of_different_minds_never_agree():
    assert half_panel_agreement([[-4, 4]] * 10) == 0.0


def test_agreement_is_the_share_of_the_texts():
    assert half_panel_agreement([[-4, 4], [0, 0], [4, 4], [2, -2]]) == 0.5


def test_a_half_on_a_cut_belongs_to_the_lower_level():
    # Ten raters give -13 in all. Halves of -6 and -7 are means of -1.2 and -1.4, one level;
    # they come up in five of six draws, halves of -5 and -8 (two levels) in the sixth.
    agreement = half_panel_agreement([[-1] * 7 + [-2] * 3] * 300)
    assert agreement == pytest.approx(5 / 6, abs=0.07)


def test_the_same_seed_makes_the_same_halves():
    ratings = np.random.default_rng(0).integers(-4, 5, size=(40, 15)).tolist()
    agreements = [half_panel_agreement(ratings, seed) for seed in (1, 1, 2, 3, 4)]
    assert agreements[0] == agreements[1]
    assert len(set(agreements)) > 1


def test_without_ratings_there_is_no_agreement_to_tell():
    assert np.isnan(half_panel_agreement([]))
