import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from datasets import load_dataset
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from helpers import baselines
from helpers.baselines import (
    half_panel_hits,
    load_ratings,
    majority_class,
    mean_embeddings,
    median_class,
    one_person_errors,
    tfidf_logistic_regression,
)
from helpers.levels import WHOLE_RATING_LEVELS, rating_level

TRAIN_TEXTS = ["good great film", "great fun", "awful boring film", "boring mess"]
TRAIN_LABELS = [1, 1, 0, 0]


def test_a_text_beyond_the_model_s_limit_is_cut(classifier, tokenizer):
    texts = ["good " * 600, "good " * 510]
    first, second = mean_embeddings(texts, classifier.base_model, tokenizer)
    np.testing.assert_allclose(first, second, atol=1e-5)


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


@given(st.lists(st.integers(0, 4), min_size=1))
def test_no_constant_is_nearer_to_the_training_labels_than_the_median(labels):
    (median,) = median_class(labels, 1)
    distance = [np.abs(np.subtract(labels, constant)).sum() for constant in range(5)]
    assert distance[median] == min(distance)


def test_the_median_of_no_labels_is_refused():
    with pytest.raises(ValueError, match="no training labels to take the median of"):
        median_class([], 3)


def test_tfidf_learns_the_words_of_each_class():
    texts = ["great", "boring", "a great film", "boring boring"]
    assert tfidf_logistic_regression(TRAIN_TEXTS, TRAIN_LABELS, texts).tolist() == [1, 0, 1, 0]


def test_the_fit_of_tfidf_goes_on_to_where_more_of_it_changes_nothing(source, monkeypatch):
    data = load_dataset(source.dataset, cache_dir=source.cache_dir)
    train = data["train"].shuffle(seed=42).select(range(1_000))
    rows = (train["text"], train["label"], data["test"]["text"])
    usual = tfidf_logistic_regression(*rows)
    monkeypatch.setattr(
        baselines,
        "LogisticRegression",
        lambda **options: LogisticRegression(**options | {"tol": 1e-10}),
    )
    assert usual.tolist() == tfidf_logistic_regression(*rows).tolist()


def test_tfidf_sees_the_order_of_two_words():
    train = ["not good bad", "bad not good", "good not bad", "not bad good"]
    predictions = tfidf_logistic_regression(train, [0, 0, 1, 1], ["not good", "not bad"])
    assert predictions.tolist() == [0, 1]


def test_tfidf_reads_the_characters_of_a_script_without_spaces():
    train = ["电影很好看", "剧情真精彩", "电影不好看", "剧情真无聊"]
    predictions = tfidf_logistic_regression(train, [1, 1, 0, 0], ["这个精彩", "非常无聊"])
    assert predictions.tolist() == [1, 0]


def test_an_embedding_is_the_mean_over_a_text_s_own_tokens(classifier, tokenizer):
    texts = ["A long and winding film that never arrives.", "Dull.", "A fine cast"]
    encoder = classifier.base_model
    expected = []
    for text in texts:
        with torch.no_grad():
            hidden = encoder(**tokenizer(text, return_tensors="pt")).last_hidden_state
        expected.append(hidden[0].mean(dim=0).numpy())
    found = mean_embeddings(texts, encoder, tokenizer)
    assert found.shape == (3, 384)
    assert found == pytest.approx(np.array(expected), abs=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2, 50])
def test_embeddings_do_not_depend_on_the_batches(classifier, tokenizer, batch_size):
    texts = ["Dull.", "A long and winding film that never arrives.", "A fine cast"]
    encoder = classifier.base_model
    expected = mean_embeddings(texts, encoder, tokenizer)
    found = mean_embeddings(texts, encoder, tokenizer, batch_size)
    assert found == pytest.approx(expected, abs=1e-5)


def test_the_ratings_of_a_split_are_lists_of_whole_numbers_on_the_scale(source):
    ratings = load_ratings(source, "test")
    assert len(ratings) == 2_000
    assert all(-4 <= rating <= 4 and isinstance(rating, int) for row in ratings for rating in row)


def test_a_source_without_ratings_gives_none_and_says_so(source, capsys):
    assert load_ratings(replace(source, ratings=None), "test") == []
    assert "no ratings by several people" in capsys.readouterr().out


def test_a_person_is_compared_with_the_others_only():
    # 4 is very positive; the others' mean is 0, neutral. 0 is neutral; the others' is 4 / 2 = 2.
    (errors,) = one_person_errors([[4, 0, 0]])
    assert errors.tolist() == [2, 1, 1]


def test_a_person_can_hit_every_level():
    means = [-3, -1.5, 0, 1.5, 3]
    others = [[math.floor(mean), math.ceil(mean)] * 5 for mean in means]
    nearest = [-3, -1, 0, 1, 3]
    first = [
        errors[0]
        for errors in one_person_errors([[n, *o] for n, o in zip(nearest, others, strict=True)])
    ]
    assert first == [0, 0, 0, 0, 0]


@given(st.lists(st.lists(st.integers(-4, 4), min_size=2), min_size=1))
def test_each_rating_has_one_error_from_0_to_4(ratings):
    errors = one_person_errors(ratings)
    assert list(map(len, errors)) == list(map(len, ratings))
    assert all(0 <= error <= 4 for row in errors for error in row)


def test_one_rating_alone_has_nobody_to_be_compared_with():
    with pytest.raises(ValueError, match="nobody is left to compare with"):
        one_person_errors([[1, 2], [3]])


@pytest.mark.parametrize("split", ["train", "test"])
def test_no_other_level_of_a_whole_number_is_hit_more_often(source, split):
    hits = np.zeros((9, 5), dtype=int)
    for row in load_ratings(source, split):
        for rating in row:
            others = Fraction(sum(row) - rating, len(row) - 1)
            hits[rating + 4, rating_level(others)] += 1
    assert tuple(hits.argmax(axis=1)) == WHOLE_RATING_LEVELS


def test_raters_of_one_mind_hit_their_own_level():
    assert half_panel_hits([[3] * 15, [-1] * 16]).tolist() == [True, True]


def test_half_of_two_raters_of_different_minds_misses():
    assert half_panel_hits([[-4, 4]] * 10).tolist() == [False] * 10


def test_a_half_on_a_cut_belongs_to_the_lower_level():
    # Ten raters give -13 in all, -1.3: negative. A half of -6 is on the cut -1.2, negative too;
    # a half of -5, neutral, comes up in one of twelve draws, as does one of -8.
    hits = half_panel_hits([[-1] * 7 + [-2] * 3] * 600)
    assert hits.mean() == pytest.approx(11 / 12, abs=0.04)


def test_the_same_seed_draws_the_same_halves():
    ratings = np.random.default_rng(0).integers(-4, 5, size=(40, 15)).tolist()
    first, same, other = (half_panel_hits(ratings, seed).tolist() for seed in (1, 1, 2))
    assert first == same != other


def test_the_ceiling_is_what_a_predictor_that_knows_the_true_mean_reaches():
    generator = np.random.default_rng(0)
    true_means = generator.uniform(-3, 3, size=4_000)
    ratings = generator.normal(true_means[:, None], 1.2, size=(4_000, 16)).clip(-4, 4).round()
    ratings = ratings.astype(int).tolist()
    panel = [rating_level(Fraction(sum(row), len(row))) for row in ratings]
    knows = np.mean(
        [rating_level(mean) == level for mean, level in zip(true_means, panel, strict=True)]
    )
    assert half_panel_hits(ratings).mean() == pytest.approx(knows, abs=0.02)


def test_without_ratings_there_is_nothing_to_compare():
    assert one_person_errors([]) == []
    assert half_panel_hits([]).tolist() == []
