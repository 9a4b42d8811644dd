"""Turn texts into token ids."""

from collections.abc import Sequence

from datasets import Dataset, DatasetDict
from transformers import PreTrainedTokenizerFast


def tokenize(
    dataset: Dataset | DatasetDict,
    tokenizer: PreTrainedTokenizerFast,
    max_length: int | None = None,
) -> Dataset | DatasetDict:
    """Tokenize the column `text` of a whole dataset; the result is cached on disk.

    Args:
        dataset: one split or several, with the column `text`.
        tokenizer: the model's tokenizer.
        max_length: truncate to this many tokens, special ones included; None is the model's limit.

    Returns:
        The dataset with the columns `input_ids` and `attention_mask` added. Nothing is padded: the
        data collator pads each training batch.

    Raises:
        ValueError: if there is no column `text`, or `max_length` has no room for a token of text.

    Taught in 03, cell `lengths`.
    """
    splits = dataset.values() if isinstance(dataset, DatasetDict) else [dataset]
    for split in splits:
        if "text" not in split.column_names:
            raise ValueError(f"The dataset has no column 'text'; it has {split.column_names}.")
    special = tokenizer.num_special_tokens_to_add()
    if max_length is not None and max_length <= special:
        raise ValueError(
            f"max_length is {max_length}, and special tokens take {special} of it: "
            f"pass {special + 1} or more."
        )

    # Called directly, because `tokenizer` takes half as long again: it turns more of the result
    # into lists. What this leaves out, `token_type_ids`, is all zeros for single texts.
    backend = tokenizer.backend_tokenizer
    backend.no_padding()
    backend.enable_truncation(max_length or tokenizer.model_max_length)

    # Defined here, not in the module: the cache knows a function that can be imported by its name
    # only, and would return old results after a change of its code.
    def tokenize_batch(examples: dict[str, list]) -> dict[str, list[list[int]]]:
        input_ids = [encoding.ids for encoding in backend.encode_batch(examples["text"])]
        return {"input_ids": input_ids, "attention_mask": [[1] * len(ids) for ids in input_ids]}

    return dataset.map(tokenize_batch, batched=True)


def token_counts(tokenized: Dataset) -> list[int]:
    """Count the real tokens of each row, without padding.

    Args:
        tokenized: n rows with the column `attention_mask`.

    Returns:
        The number of tokens of each row.

    Raises:
        ValueError: if the dataset is not tokenized.
    """
    if "attention_mask" not in tokenized.column_names:
        raise ValueError("The dataset has no column 'attention_mask': tokenize it first.")
    return [sum(mask) for mask in tokenized["attention_mask"]]


def padding_share(lengths: Sequence[int], padded_length: int | None = None) -> float:
    """Return the share of a padded batch that is padding.

    Args:
        lengths: the number of real tokens of each row.
        padded_length: the number of tokens that each row is padded to; None is the longest row.

    Returns:
        A number from 0 (no padding) up to, but not including, 1.

    Raises:
        ValueError: if there are no rows, or a row is longer than `padded_length`.

    Taught in 03, cell `compare-padding`.
    """
    if not lengths:
        raise ValueError("There are no rows to pad.")
    longest = max(lengths)
    width = longest if padded_length is None else padded_length
    if width < longest:
        raise ValueError(f"A row of {longest} tokens does not fit into {width}.")
    return 1 - sum(lengths) / (width * len(lengths))
