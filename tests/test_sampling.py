from collections import Counter

import pytest
from datasets import ClassLabel, Dataset, Features, Value
from hypothesis import given
from hypothesis import strategies as st

from helpers.sampling import shared_texts, split_validation, take_sample, validation_size

NUMBERS = Dataset.from_dict({"number": list(range(40))})
FEATURES = Features({"number": Value("int64"), "label": ClassLabel(names=["a", "b"])})


def unbalanced(a: int, b: int) -> Dataset:
    columns = {"number": list(range(a + b)), "label": [0] * a + [1] * b}
    return Dataset.from_dict(columns, features=FEATURES)


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_a_sample_takes_each_row_at_most_once(size, seed):
    numbers = take_sample(NUMBERS, size, seed)["number"][:]
    assert len(numbers) == len(set(numbers)) == size
    assert set(numbers) <= set(range(40))


def test_another_seed_takes_other_rows():
    assert take_sample(NUMBERS, 10, seed=7)["number"][:] != take_sample(NUMBERS, 10, 8)["number"][:]


def test_a_sample_leaves_the_dataset_as_it_was():
    take_sample(NUMBERS, 10)
    assert NUMBERS["number"][:] == list(range(40))


@pytest.mark.parametrize("size", [0, -1, 41])
def test_a_sample_of_an_impossible_size_is_refused_with_the_possible_ones(size):
    with pytest.raises(ValueError, match=f"A sample of {size} rows was asked for: pass 1 to 40"):
        take_sample(NUMBERS, size)


@given(st.integers(2, 48), st.integers(0, 2**32 - 1))
def test_train_and_validation_share_no_row_and_lose_none(size, seed):
    splits = split_validation(unbalanced(30, 20), size, seed)
    train, validation = splits["train"]["number"][:], splits["validation"]["number"][:]
    assert len(validation) == size
    assert sorted(train + validation) == list(range(50))


@given(st.integers(2, 48))
def test_validation_has_the_balance_of_the_training_split(size):
    counts = Counter(split_validation(unbalanced(30, 20), size)["validation"]["label"])
    assert counts[0] == pytest.approx(size * 30 / 50, abs=1)
    assert counts[1] == pytest.approx(size * 20 / 50, abs=1)


def test_another_seed_cuts_another_split():
    first, second = (split_validation(unbalanced(30, 20), 10, seed=seed) for seed in (3, 4))
    assert first["validation"]["number"][:] != second["validation"]["number"][:]


@pytest.mark.parametrize("feature", [None, Value("int64")])
def test_labels_that_are_no_class_labels_are_refused(feature):
    dataset = unbalanced(5, 5)
    dataset = dataset.cast_column("label", feature) if feature else dataset.remove_columns("label")
    with pytest.raises(ValueError, match="is not a ClassLabel: cast it with 'cast_column'"):
        split_validation(dataset, 4)


@pytest.mark.parametrize("size", [1, 9, 0, -3])
def test_a_size_that_leaves_no_row_for_a_label_is_refused_with_the_possible_ones(size):
    with pytest.raises(ValueError, match=f"{size} rows was asked for: pass 2 to 8"):
        split_validation(unbalanced(5, 5), size)


def test_a_label_with_a_single_row_is_refused():
    with pytest.raises(ValueError, match="label"):
        split_validation(unbalanced(9, 1), 4)


def test_shared_texts_are_those_in_both_splits():
    first = Dataset.from_dict({"text": ["a", "b", "c", "c"]})
    second = Dataset.from_dict({"text": ["c", "d", "a"]})
    assert shared_texts(first, second) == {"a", "c"}


@pytest.mark.parametrize(("rows", "size"), [(10_000, 300), (1_500, 300), (1_000, 200), (6, 2)])
def test_a_small_dataset_has_a_smaller_validation_split(rows, size):
    dataset = unbalanced(rows // 2, rows - rows // 2)
    assert validation_size(dataset) == size
    assert len(split_validation(dataset)["validation"]) == size
