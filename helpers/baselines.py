"""What a model has to beat: the majority class, TF-IDF with logistic regression, people."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from helpers.levels import rating_level
from helpers.sources import Source


def majority_class(train_labels: Sequence[int], size: int) -> np.ndarray:
    """Predict the most frequent training label, whatever the text.

    Args:
        train_labels: the labels of the training rows; among equally frequent ones the smallest.
        size: the number of predictions.

    Returns:
        `size` times the same label.

    Raises:
        ValueError: if there are no training labels.
    """
    if not len(train_labels):
        raise ValueError("There are no training labels to count.")
    counts = Counter(train_labels)
    return np.full(size, min(counts, key=lambda label: (-counts[label], label)))


def tfidf_logistic_regression(
    train_texts: Sequence[str], train_labels: Sequence[int], texts: Sequence[str]
) -> np.ndarray:
    """Predict with the classical recipe: weighted word counts and a linear classifier.

    Args:
        train_texts: n training texts.
        train_labels: their n labels, of two classes or more.
        texts: the m texts to predict.

    Returns:
        m predicted labels.
    """
    classifier = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=10, max_iter=1_000),
    )
    classifier.fit(list(train_texts), list(train_labels))
    return classifier.predict(list(texts))


def load_ratings(source: Source, split: str) -> list[list[int]]:
    """Load what each person gave each text of a split, from -4 to +4, in the split's order.

    Returns:
        One list of ratings for each text; no lists at all where the source has no ratings.
    """
    # Here and not above: sources and scores can be read without loading `datasets`.
    from datasets import load_dataset

    if source.ratings is None:
        return []
    rated = load_dataset(source.dataset, source.ratings, split=split, cache_dir=source.cache_dir)
    return list(rated["ratings"])


def rater_errors(ratings: Sequence[Sequence[int]], labels: Sequence[int]) -> np.ndarray:
    """Return how many levels each single rating is off its text's label.

    Args:
        ratings: for each text, the ratings that people gave it.
        labels: the label of each text; may be longer where a source has no ratings.

    Returns:
        One number from 0 to 4 for each rating, text by text.
    """
    return np.array(
        [
            abs(rating_level(rating) - label)
            for row, label in zip(ratings, labels, strict=bool(ratings))
            for rating in row
        ],
        dtype=np.int64,
    )


def half_panel_agreement(ratings: Sequence[Sequence[int]], seed: int = 0) -> float:
    """Split each text's raters into two random halves; return how often their labels agree.

    Args:
        ratings: for each text, two ratings or more.
        seed: the same seed makes the same halves.

    Returns:
        The share of texts on which the two halves agree; nan if there are no texts.
    """
    generator = np.random.default_rng(seed)
    agreements = []
    for row in ratings:
        shuffled = generator.permutation(row)
        middle = len(shuffled) // 2
        # Exact fractions: a mean that equals a cut must not fall above it by rounding.
        levels = {
            rating_level(Fraction(int(half.sum()), len(half)))
            for half in (shuffled[:middle], shuffled[middle:])
        }
        agreements.append(len(levels) == 1)
    return float(np.mean(agreements)) if agreements else float("nan")
