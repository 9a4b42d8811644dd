"""Show random rows of a dataset as an HTML table."""

import random
from typing import Any

import pandas as pd
from datasets import ClassLabel, Dataset, DatasetDict, IterableDataset, IterableDatasetDict
from datasets.features import LargeList, List
from IPython.display import HTML, display

UNLABELLED = "unlabelled"
LONGEST_TEXT = 400
# JupyterLab sets every column flush right, which suits numbers and not sentences.
FLUSH_LEFT = "<style>.dataframe.reviews :is(th, td) { text-align: left }</style>"


def show_random_elements(
    dataset: Dataset | IterableDataset, num_examples: int = 10, seed: int | None = None
) -> None:
    """Display random rows of one split, each row at most once, as an HTML table.

    Args:
        dataset: a split, map-style or iterable; an iterable one is read once from end to end.
        num_examples: how many rows to show.
        seed: the same seed picks the same rows; None picks different ones each time.

    Raises:
        ValueError: if `num_examples` is not between 1 and the number of rows.
        TypeError: if `dataset` is not one split of a dataset.

    Taught in 02, cell `show`.
    """
    display(HTML(random_elements_table(dataset, num_examples, seed)))


def random_elements_table(
    dataset: Dataset | IterableDataset, num_examples: int = 10, seed: int | None = None
) -> str:
    """Return the HTML that `show_random_elements` displays, with the same arguments and errors."""
    rows = choose_rows(dataset, num_examples, seed)
    features = dataset.features or {}
    table = pd.DataFrame(
        [
            {name: shorten(readable(value, features.get(name))) for name, value in row.items()}
            for row in rows
        ],
        # Integers stay integers in a column with a missing value.
        dtype=object,
    )
    return table_html(table)


def show_table(frame: pd.DataFrame) -> None:
    """Display a table of texts, set flush left; what looks like HTML in it is shown as it is.

    Args:
        frame: one row for each text; its index is left out.
    """
    display(HTML(table_html(frame, index=False)))


def table_html(frame: pd.DataFrame, index: bool = True) -> str:
    """Return a table as HTML, escaped and set flush left, with or without its index."""
    # Notebooks would typeset text between two dollar signs as a formula.
    classes = "reviews mathjax_ignore tex2jax_ignore"
    return FLUSH_LEFT + frame.to_html(escape=True, index=index, classes=classes)


def choose_rows(
    dataset: Dataset | IterableDataset, num_examples: int, seed: int | None
) -> list[dict[str, Any]]:
    """Pick different rows, with the arguments and errors of `show_random_elements`.

    Taught in 02, cell `choose-rows`.
    """
    if isinstance(dataset, DatasetDict | IterableDatasetDict):
        splits = ", ".join(map(repr, dataset))
        raise TypeError(f"This is a dict of splits: pass one of them ({splits}).")
    if not isinstance(dataset, Dataset | IterableDataset):
        raise TypeError(f"A Dataset or an IterableDataset is needed, not {type(dataset).__name__}.")
    if isinstance(num_examples, bool) or not isinstance(num_examples, int) or num_examples < 1:
        raise ValueError(f"num_examples is {num_examples!r}: ask for 1 row or more.")
    generator = random.Random(seed)
    dataset = dataset.with_format(None)
    if isinstance(dataset, IterableDataset):
        rows, available = reservoir_sample(dataset, num_examples, generator)
    else:
        available = len(dataset)
        picks = generator.sample(range(available), min(num_examples, available))
        rows = [dataset[pick] for pick in picks]
    if num_examples > available:
        raise ValueError(f"{num_examples} rows were asked for, and the dataset has {available}.")
    return rows


def reservoir_sample(
    rows: IterableDataset, size: int, generator: random.Random
) -> tuple[list[dict[str, Any]], int]:
    """Pick `size` rows at random in one pass, without knowing how many there are.

    Returns:
        The picked rows (fewer if there are fewer), and the number of rows that were read.

    Source: algorithm R of Vitter, "Random Sampling with a Reservoir", 1985.

    Taught in 02, cell `reservoir-sample`.
    """
    reservoir, seen = [], 0
    for row in rows:
        seen += 1
        if len(reservoir) < size:
            reservoir.append(row)
        elif (place := generator.randrange(seen)) < size:
            reservoir[place] = row
    return reservoir, seen


def readable(value: Any, feature: Any) -> Any:
    """Replace class numbers by class names, inside lists and dicts too.

    Args:
        value: one value of a row.
        feature: the value's feature, or None if it is not known.

    Returns:
        The value with the name of each class; `unlabelled` for -1 and for a null.

    Taught in 02, cell `readable`.
    """
    if isinstance(feature, ClassLabel):
        if value is None or value == -1:
            return UNLABELLED
        return feature.int2str(value)
    if isinstance(feature, List | LargeList) and value is not None:
        return [readable(item, feature.feature) for item in value]
    if isinstance(feature, dict) and value is not None:
        return {name: readable(item, feature.get(name)) for name, item in value.items()}
    return value


def shorten(value: Any) -> Any:
    """Cut off a value that would fill the screen, and say how long it was."""
    text = str(value)
    if len(text) <= LONGEST_TEXT:
        return value
    return f"{text[:LONGEST_TEXT]}… [{len(text):,} characters]"
