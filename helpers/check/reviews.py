"""The real reviews that exercises are checked on: the embedded ones, whatever the source."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from helpers.levels import rating_level
from helpers.sources import get_source

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerFast


@cache
def load_split(split: str, config: str | None = None) -> "Dataset":
    """Load a split of the embedded data, by default the labelled snippets."""
    # Here and not above: most checks need neither this nor the tokenizer, which take seconds.
    from datasets import load_dataset

    source = get_source("embedded")
    return load_dataset(source.dataset, config, split=split, cache_dir=source.cache_dir)


def load_tokenizer() -> "PreTrainedTokenizerFast":
    """Load the embedded tokenizer anew, so that an answer may change it."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(get_source("embedded").model)
    tokenizer.shown_as = "tokenizer"
    return tokenizer


def review_rows(split: str, *places: int) -> "Dataset":
    """Load some rows of a split, which a message names as a notebook would.

    Args:
        split: the split of the snippets.
        places: what `range` takes.
    """
    rows = load_split(split).select(range(*places))
    rows.shown_as = f"dataset['{split}'].select({range(*places)})"
    return rows


@cache
def first_raters(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each snippet of a split, the level that its first rater gave, and its label."""
    rated = load_split(split, "ratings")
    levels = [rating_level(ratings[0]) for ratings in rated["ratings"]]
    return np.array(levels), np.array(rated["label"])


@cache
def panel_logits(split: str, size: int, raters: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Let the first raters of each snippet vote, as a classifier whose answers are real.

    Args:
        split: the split of the snippets.
        size: how many snippets to take, from the end of the split.
        raters: how many votes each gets.

    Returns:
        The logarithm of each level's share of the votes, one vote added to each, of shape
        (size, 5); and the labels.
    """
    rated = load_split(split, "ratings")
    rated = rated.select(range(len(rated) - size, len(rated)))
    votes = [
        np.bincount([rating_level(rating) for rating in ratings[:raters]], minlength=5)
        for ratings in rated["ratings"]
    ]
    return np.log((np.array(votes) + 1) / (raters + 5)), np.array(rated["label"])
