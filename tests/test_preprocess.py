import numpy as np
import pytest
from datasets import Dataset, DatasetDict
from hypothesis import given
from hypothesis import strategies as st

from helpers.preprocess import padding_share, token_counts, tokenize

TEXTS = ["good film", "a rather long and winding review of a film " * 100, ""]


@pytest.fixture
def dataset():
    return Dataset.from_dict({"text": TEXTS, "label": [2, 1, 0]})


@pytest.mark.parametrize("length", [3, 9])
def test_a_text_is_cut_after_max_length_tokens_special_ones_included(tokenizer, dataset, length):
    ids = tokenize(dataset, tokenizer, max_length=length)["input_ids"][1]
    assert len(ids) == length
    assert (ids[0], ids[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)


def test_tokenize_adds_columns_and_keeps_the_rows(tokenizer, dataset):
    tokenized = tokenize(dataset, tokenizer)
    assert tokenized["text"][:] == TEXTS
    assert tokenized["label"][:] == [2, 1, 0]
    assert {"input_ids", "attention_mask"} <= set(tokenized.column_names)


def test_all_splits_are_tokenized(tokenizer, dataset):
    splits = tokenize(DatasetDict(train=dataset, test=dataset.select([0])), tokenizer)
    assert token_counts(splits["train"]) == [4, 512, 2]
    assert token_counts(splits["test"]) == [4]


def test_a_dataset_without_texts_is_refused_with_its_columns(tokenizer):
    with pytest.raises(ValueError, match=r"no column 'text'; it has \['review'\]"):
        tokenize(Dataset.from_dict({"review": ["a"]}), tokenizer)


def test_one_split_without_texts_is_refused(tokenizer, dataset):
    splits = DatasetDict(train=dataset, test=Dataset.from_dict({"review": ["a"]}))
    with pytest.raises(ValueError, match="no column 'text'"):
        tokenize(splits, tokenizer)


@pytest.mark.parametrize("max_length", [2, 0, -1])
def test_a_length_without_room_for_a_token_is_refused(tokenizer, dataset, max_length):
    with pytest.raises(ValueError, match="special tokens take 2 of it: pass 3 or more"):
        tokenize(dataset, tokenizer, max_length=max_length)


def test_padding_is_not_counted():
    tokenized = Dataset.from_dict({"attention_mask": [[1, 1, 0, 0], [1, 1, 1, 1]]})
    assert token_counts(tokenized) == [2, 4]


def test_tokens_of_a_dataset_that_is_not_tokenized_cannot_be_counted(dataset):
    with pytest.raises(ValueError, match="tokenize it first"):
        token_counts(dataset)


@pytest.mark.parametrize(
    ("lengths", "padded_length", "share"),
    [([4, 4], None, 0.0), ([1, 3], None, 1 / 3), ([1, 3], 8, 0.75), ([5], 5, 0.0)],
)
def test_the_share_of_padding(lengths, padded_length, share):
    assert padding_share(lengths, padded_length) == pytest.approx(share)


@given(st.lists(st.integers(1, 512), min_size=1), st.integers(0, 100))
def test_the_share_of_padding_is_that_of_the_padded_batch(lengths, extra):
    width = max(lengths) + extra
    batch = [[1] * length + [0] * (width - length) for length in lengths]
    share = np.mean(np.array(batch) == 0)
    assert padding_share(lengths, width) == pytest.approx(share)


def test_padding_of_no_rows_is_refused():
    with pytest.raises(ValueError, match="no rows to pad"):
        padding_share([])


def test_a_row_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="A row of 9 tokens does not fit into 8"):
        padding_share([3, 9], 8)
