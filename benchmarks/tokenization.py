"""Time the tokenization of the training split, from the bare tokenizer to `map`."""

import json
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import datasets
from datasets import load_dataset
from datasets.fingerprint import Hasher
from transformers import AutoTokenizer, BatchEncoding, PreTrainedTokenizerBase

from helpers.preprocess import tokenize
from helpers.sources import get_source

REPEATS = 3
# As many as `map` passes at a time.
BATCH_SIZE = 1_000


def call_tokenizer(examples: dict[str, list], tokenizer: PreTrainedTokenizerBase) -> BatchEncoding:
    """Tokenize a batch of `map` as the document does."""
    return tokenizer(examples["text"], truncation=True)


def main(size: int | None = None) -> None:
    """Print, as the last line, the seconds of each way, and how close `map` comes.

    Args:
        size: how many texts; None is all of the training split.
    """
    datasets.disable_caching()
    datasets.disable_progress_bars()
    source = get_source()
    train = load_dataset(source.dataset, split="train", cache_dir=source.cache_dir)
    train = train.select(range(size or len(train)))
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    backend, texts = tokenizer.backend_tokenizer, list(train["text"])

    def encode() -> None:
        for start in range(0, len(texts), BATCH_SIZE):
            backend.encode_batch(texts[start : start + BATCH_SIZE])

    def encode_to_lists() -> None:
        for start in range(0, len(texts), BATCH_SIZE):
            encodings = backend.encode_batch(texts[start : start + BATCH_SIZE])
            [encoding.ids for encoding in encodings]

    call = partial(call_tokenizer, tokenizer=tokenizer)
    ways: dict[str, Callable[[], object]] = {
        "encode_batch": encode,
        "encode_batch, ids as lists": encode_to_lists,
        "helpers.preprocess.tokenize": lambda: tokenize(train, tokenizer),
        "map of tokenizer(...)": lambda: train.map(call, batched=True),
        "map of tokenizer(...), num_proc=1": lambda: train.map(call, batched=True, num_proc=1),
        "map of tokenizer(...), num_proc=2": lambda: train.map(call, batched=True, num_proc=2),
        "fingerprint of the tokenizer": lambda: Hasher.hash(tokenizer),
    }
    durations: dict[str, list[float]] = {name: [] for name in ways}
    # In turns, so that a slow moment of the machine affects all of them.
    for _ in range(REPEATS):
        for name, work in ways.items():
            start = time.perf_counter()
            work()
            durations[name].append(time.perf_counter() - start)
    seconds = {name: median(times) for name, times in durations.items()}
    share = seconds["encode_batch"] / seconds["helpers.preprocess.tokenize"]
    print(json.dumps({"rows": len(train), "seconds": seconds, "share_of_encode_batch": share}))


if __name__ == "__main__":
    main()
