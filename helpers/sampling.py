"""Take a random sample, cut a validation split, and check that splits share nothing."""

from datasets import ClassLabel, Dataset, DatasetDict

SEED = 42
# One validation split and one training sample for the whole course, so that a number that two
# notebooks share is the same number.
TRAIN_SIZE, VALIDATION_SIZE, TEST_SIZE = 1_000, 300, 2_000


def take_sample(dataset: Dataset, size: int, seed: int = SEED) -> Dataset:
    """Take `size` random rows, each at most once.

    Args:
        dataset: the rows to take from.
        size: how many to take.
        seed: the same seed takes the same rows.

    Returns:
        A dataset of `size` rows in random order.

    Raises:
        ValueError: if `size` is not between 1 and the number of rows.

    Taught in 04, cell `small-datasets`.
    """
    if not 1 <= size <= len(dataset):
        raise ValueError(f"A sample of {size} rows was asked for: pass 1 to {len(dataset)}.")
    return dataset.shuffle(seed=seed).select(range(size))


def validation_size(dataset: Dataset) -> int:
    """Return how many rows of a training split the course validates on.

    Args:
        dataset: the training split, with a `ClassLabel` column `label`.

    Returns:
        300; of fewer than 1,500 rows a fifth, and at least one for each label.

    Raises:
        ValueError: if `label` is not a `ClassLabel`.
    """
    return max(_labels(dataset).num_classes, min(VALIDATION_SIZE, len(dataset) // 5))


def _labels(dataset: Dataset) -> ClassLabel:
    feature = dataset.features.get("label")
    if not isinstance(feature, ClassLabel):
        raise ValueError("The column 'label' is not a ClassLabel: cast it with 'cast_column'.")
    return feature


def split_validation(dataset: Dataset, size: int | None = None, seed: int = SEED) -> DatasetDict:
    """Cut a validation split from the training split, with the same balance of labels.

    Args:
        dataset: the training split, with a `ClassLabel` column `label`.
        size: the number of validation rows; None is what `validation_size` returns.
        seed: the same seed gives the same split.

    Returns:
        The splits `train` and `validation`, which share no row.

    Raises:
        ValueError: if `label` is not a `ClassLabel`, or `size` leaves no row for a label.

    Taught in 04, cell `split-validation`.
    """
    feature = _labels(dataset)
    size = validation_size(dataset) if size is None else size
    if not feature.num_classes <= size <= len(dataset) - feature.num_classes:
        raise ValueError(
            f"A validation split of {size} rows was asked for: pass {feature.num_classes} "
            f"to {len(dataset) - feature.num_classes}, so that each label fits in both splits."
        )
    halves = dataset.train_test_split(test_size=size, stratify_by_column="label", seed=seed)
    return DatasetDict(train=halves["train"], validation=halves["test"])


def shared_texts(first: Dataset, second: Dataset) -> set[str]:
    """Return the texts that occur in both splits: each of them is leakage.

    Taught in 04, cell `leakage-check`.
    """
    return set(first["text"]) & set(second["text"])
