"""Measure how the cost of the fast recipe grows with samples, length and threads."""

import json
import tempfile
from dataclasses import replace

import torch
import transformers
from datasets import Dataset

from benchmarks.measure import prepare_arguments, prepare_data, prepare_model
from benchmarks.recipes import build_recipes
from helpers.throughput import Measurement, measure_training

SIZES = (250, 1_000, 4_000, 8_603)
LENGTHS = (32, 64, 128, 256, 512)
# The smallest size is timed for a whole epoch, the larger ones for this many steps.
MOST_STEPS = 15
# Small, so that the longest texts take only seconds.
LENGTH_BATCH = 4


def texts_of_length(rows: Dataset, length: int, count: int) -> Dataset:
    """Return `count` rows of exactly `length` tokens, cut from the joined tokens of `rows`."""
    joined = [token for ids in rows["input_ids"] for token in ids]
    texts = [joined[start * length : (start + 1) * length] for start in range(count)]
    columns = {"input_ids": texts, "attention_mask": [[1] * length] * count}
    return Dataset.from_dict(columns | {"label": rows["label"][:count]})


def main() -> None:
    """Print, as the last line, seconds per epoch, milliseconds per sample, samples per second."""
    transformers.logging.disable_progress_bar()
    everything, _, tokenizer = prepare_data("longest", size=None)
    best = build_recipes()[-1]

    def measure(rows: Dataset, steps: int, batch: int) -> Measurement:
        arguments = best.arguments | {"per_device_train_batch_size": batch}
        recipe = replace(best, arguments=arguments)
        with tempfile.TemporaryDirectory() as folder:
            arguments = prepare_arguments(recipe, folder)
            return measure_training(prepare_model(recipe), arguments, rows, tokenizer, steps)

    batch = best.arguments["per_device_train_batch_size"]
    samples = {}
    for size in SIZES:
        steps = min(-(-size // batch) - 1, MOST_STEPS)
        samples[size] = measure(everything.select(range(size)), steps, batch).epoch_seconds
    lengths = {}
    for length in LENGTHS:
        measured = measure(texts_of_length(everything, length, 4 * LENGTH_BATCH), 3, LENGTH_BATCH)
        lengths[length] = 1e3 * measured.seconds / measured.timed.samples
    threads = {}
    for count in sorted({1, torch.get_num_threads()}):
        torch.set_num_threads(count)
        measured = measure(everything.select(range(1_000)), 8, batch)
        threads[count] = measured.timed.samples / measured.seconds
    print(json.dumps({"epoch_seconds": samples, "sample_ms": lengths, "samples_s": threads}))


if __name__ == "__main__":
    main()
