"""What a model has to beat: constants, logistic regression on TF-IDF or embeddings, people."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from helpers.levels import rating_level, whole_rating_level
from helpers.pooling import mean_pool
from helpers.sources import Source

# A word of two letters or more, as is the library's default; and each character of a script that is
# written without spaces, such as Chinese: for the library, a clause of it would be a word.
TOKEN = r"[{0}]|[^\W{0}]{{2,}}".format("\u3040-\u30ff\u3400-\u9fff")


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


def median_class(train_labels: Sequence[int], size: int) -> np.ndarray:
    """Predict the median training label, whatever the text.

    Of all constants it has the smallest mean absolute error on the training labels.

    Args:
        train_labels: the labels of the training rows, numbers of ordered levels; of two middle
            ones the smaller.
        size: the number of predictions.

    Returns:
        `size` times the same label.

    Raises:
        ValueError: if there are no training labels.

    Taught in 06, cell `median`.
    """
    if not len(train_labels):
        raise ValueError("There are no training labels to take the median of.")
    return np.full(size, sorted(train_labels)[(len(train_labels) - 1) // 2])


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
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=TOKEN),
        # To the end of the fit: where the usual solver stops depends on the number of threads.
        LogisticRegression(C=10, solver="newton-cg", tol=1e-6),
    )
    classifier.fit(list(train_texts), list(train_labels))
    return classifier.predict(list(texts))


@torch.no_grad()
def mean_embeddings(
    texts: Sequence[str],
    encoder: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    batch_size: int = 50,
) -> np.ndarray:
    """Turn each text into the mean of what the encoder makes of its tokens; nothing is trained.

    Args:
        texts: n texts.
        encoder: a BERT without a head, in evaluation mode.
        tokenizer: the encoder's tokenizer.
        batch_size: how many texts are encoded at once; those of similar length, for less padding.

    Returns:
        An array of shape (n, width of the encoder), in the order of the texts.

    Source: Reimers & Gurevych, EMNLP 2019, section 3: the pooling strategy MEAN.

    Taught in 07, cell `embeddings`.
    """
    by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    means = torch.empty(len(texts), encoder.config.hidden_size)
    for start in range(0, len(texts), batch_size):
        rows = by_length[start : start + batch_size]
        some = [texts[row] for row in rows]
        batch = tokenizer(some, truncation=True, padding=True, return_tensors="pt")
        means[rows] = mean_pool(encoder(**batch).last_hidden_state, batch["attention_mask"])
    return means.numpy()


def load_ratings(source: Source, split: str) -> list[list[int]]:
    """Load what each person gave each text of a split, from -4 to +4, in the split's order.

    Returns:
        One list of ratings for each text; no lists at all where the source has no ratings, and a
        line says so.
    """
    # Here and not above: sources and scores can be read without loading `datasets`.
    from datasets import load_dataset

    if source.ratings is None:
        print("these data have no ratings by several people: what needs them is left out")
        return []
    rated = load_dataset(source.dataset, source.ratings, split=split, cache_dir=source.cache_dir)
    return list(rated["ratings"])


def one_person_errors(ratings: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """Return how many levels each single rating is off what the other people think.

    The person is not part of what they are compared with, and can hit every level: their rating
    is given the label that it most often stands for.

    Args:
        ratings: for each text, what two people or more gave it.

    Returns:
        For each text an array of one number from 0 to 4 for each rating.

    Raises:
        ValueError: if a text has only one rating.

    Taught in 06, cell `one-person`.
    """
    errors = []
    for row in ratings:
        row = [int(rating) for rating in row]
        if len(row) < 2:
            raise ValueError("A text has one rating only: nobody is left to compare with.")
        total = sum(row)
        others = [rating_level(Fraction(total - rating, len(row) - 1)) for rating in row]
        given = [whole_rating_level(rating) for rating in row]
        errors.append(np.abs(np.subtract(given, others)))
    return errors


def half_panel_hits(ratings: Sequence[Sequence[int]], seed: int = 0) -> np.ndarray:
    """Say for each text whether half of its raters, drawn at random, give the label of them all.

    The mean of half of the raters lies as far from the mean of them all as that lies from what
    endlessly many raters would give, as a standard deviation. So the share of hits estimates how
    often a predictor that knows what people think would hit the label: the ceiling.

    Args:
        ratings: for each text, two ratings or more.
        seed: the same seed draws the same halves.

    Returns:
        One truth value for each text.

    Taught in 06, cell `ceiling`.
    """
    generator = np.random.default_rng(seed)
    hits = []
    for row in ratings:
        half = generator.permutation(row)[: len(row) // 2]
        # Exact fractions: a mean that equals a cut must not fall above it by rounding.
        levels = [rating_level(Fraction(int(sum(part)), len(part))) for part in (half, row)]
        hits.append(levels[0] == levels[1])
    return np.array(hits, dtype=bool)
