"""Measure how accuracy, time and memory grow with reviews, tokens, threads and processes."""

import json
import re
import sys
import tempfile
from dataclasses import replace
from statistics import fmean

import numpy as np
import torch
import transformers
from datasets import Dataset

from benchmarks.learning_curve import FROZEN
from benchmarks.measure import (
    arrange,
    predict,
    prepare_arguments,
    prepare_data,
    prepare_training,
    steps_to_time,
)
from benchmarks.recipes import fastest_recipe
from benchmarks.speed import run_child
from helpers import finetune, launch
from helpers.learning_curve import read_runs
from helpers.memory import peak_megabytes
from helpers.throughput import Measurement, measure_training

SIZES = (250, 1_000, 4_000, 8_303)
LENGTHS = (32, 64, 128, 256, 512)
# A review has 27 tokens on average.
KEPT_TOKENS = (4, 8, 16, 32, 64)
PROCESSES = (1, 2)
# The smallest size is timed for a whole epoch, the larger ones for this many steps.
MOST_STEPS = 15
# Small, so that the longest texts take only seconds.
LENGTH_BATCH = 4
PROCESS_SAMPLES = 400
Curve = dict[int, float]


def texts_of_length(rows: Dataset, length: int, count: int) -> Dataset:
    """Return `count` rows of exactly `length` tokens, cut from the joined tokens of `rows`."""
    joined = [token for ids in rows["input_ids"] for token in ids]
    texts = [joined[start * length : (start + 1) * length] for start in range(count)]
    columns = {"input_ids": texts, "attention_mask": [[1] * length] * count}
    return Dataset.from_dict(columns | {"label": rows["label"][:count]})


def measure(rows: Dataset, steps: int, batch: int | None = None) -> tuple[Measurement, float]:
    """Time some steps of the fastest recipe; return what was measured, and the seconds before."""
    best = fastest_recipe()
    batch = batch or best.arguments["per_device_train_batch_size"]
    recipe = replace(best, arguments=best.arguments | {"per_device_train_batch_size": batch})
    model, (once,) = prepare_training(recipe, [rows])
    with tempfile.TemporaryDirectory() as folder:
        arguments = prepare_arguments(recipe, folder)
        _, _, tokenizer = prepare_data("longest", size=1)
        arranged = arrange(rows, recipe)
        return measure_training(model, arguments, arranged, tokenizer, steps), once


def by_reviews() -> dict[str, Curve]:
    """Return the seconds of an epoch and of what is computed once, and the peak memory."""
    everything, _, _ = prepare_data("longest", size=None)
    curves: dict[str, Curve] = {"epoch s": {}, "once s": {}, "MB": {}}
    batch = fastest_recipe().arguments["per_device_train_batch_size"]
    for size in SIZES:
        # One step more is done before them: with it, no more than an epoch has.
        steps = min(size // batch, MOST_STEPS)
        measured, once = measure(everything.select(range(size)), steps)
        # The peak of this process: sizes grow, so that it is the largest so far.
        figures = measured.epoch_seconds, once, peak_megabytes()
        for curve, figure in zip(curves.values(), figures, strict=True):
            curve[size] = figure
    return curves


def by_tokens() -> dict[str, Curve]:
    """Return the milliseconds of a text of so many tokens, and the peak memory."""
    everything, _, _ = prepare_data("longest", size=None)
    curves: dict[str, Curve] = {"ms a text": {}, "MB": {}}
    for length in LENGTHS:
        rows = texts_of_length(everything, length, 4 * LENGTH_BATCH)
        measured, _ = measure(rows, 3, LENGTH_BATCH)
        curves["ms a text"][length] = 1e3 * measured.seconds / measured.timed.samples
        curves["MB"][length] = peak_megabytes()
    return curves | {"wrong": errors_by_tokens()}


def keep_tokens(rows: Dataset, most: int) -> Dataset:
    """Cut tokenized texts as truncation does: the first tokens stay, and the last, [SEP]."""

    def cut(row: dict) -> dict:
        ids = row["input_ids"]
        kept = ids if len(ids) <= most else [*ids[: most - 1], ids[-1]]
        return {"input_ids": kept, "attention_mask": [1] * len(kept)}

    return rows.map(cut)


def errors_by_tokens() -> Curve:
    """Return the share of wrong predictions of a model that reads so many tokens of each text."""
    train, test, tokenizer = prepare_data("longest")
    best, curve = fastest_recipe(), {}
    for most in KEPT_TOKENS:
        rows, cut_test = keep_tokens(train, most), keep_tokens(test, most)
        model, _ = prepare_training(best, [rows, cut_test])
        with tempfile.TemporaryDirectory() as folder:
            arguments = prepare_arguments(best, folder)
            steps = steps_to_time(rows, arguments)
            measure_training(model, arguments, arrange(rows, best), tokenizer, steps)
            labels, _ = predict(model, best, arguments, cut_test, tokenizer, whole=True)
        curve[most] = float((labels != np.array(test["label"])).mean())
    return curve


def by_threads() -> dict[str, Curve]:
    """Return the seconds of the same steps with one thread and with all."""
    rows, _, _ = prepare_data("longest")
    curve = {}
    for count in sorted({1, torch.get_num_threads()}):
        torch.set_num_threads(count)
        curve[count] = measure(rows, 8)[0].seconds
    return {"8 steps s": curve}


def by_processes() -> dict[str, Curve]:
    """Return seconds, accuracy and peak memory of the program in several processes.

    All of them together compute with as many threads as one alone, and train on the same batches.
    """
    curves: dict[str, Curve] = {"training s": {}, "MB each": {}, "accuracy": {}}
    for count in PROCESSES:
        with tempfile.TemporaryDirectory() as folder:
            started = launch.finetune(
                f"--output_dir={folder}/run",
                f"--train_samples={PROCESS_SAMPLES}",
                f"--per_device_train_batch_size={16 // count}",
                "--test_samples=500",
                "--num_train_epochs=1",
                launcher=["torch.distributed.run", f"--nproc-per-node={count}"],
                threads=max(1, torch.get_num_threads() // count),
                program=["-m", "benchmarks.growth", "process"],
            )
        peaks = re.findall(r"peak megabytes: (\d+)", started.errors)
        curves["training s"][count] = started.result["seconds"]
        curves["MB each"][count] = max(map(int, peaks))
        curves["accuracy"][count] = started.result["accuracy"]
    return curves


def errors_by_reviews() -> Curve:
    """Return the share of wrong predictions for so many reviews, as `learning-curve` measured."""
    runs = [run for run in read_runs() if run.frozen_layers == FROZEN]
    sizes = sorted({run.samples for run in runs})
    return {size: fmean(1 - run.accuracy for run in runs if run.samples == size) for size in sizes}


AXES = {
    "reviews": by_reviews,
    "tokens": by_tokens,
    "threads": by_threads,
    "processes": by_processes,
}


def main() -> None:
    """Print, as the last line, the curves of each axis; an axis has a process of its own."""
    transformers.logging.disable_progress_bar()
    if axis := sys.argv[1:]:
        print(json.dumps(AXES[axis[0]]()))
        return
    curves = {axis: run_child("growth", axis) for axis in AXES}
    curves["reviews"]["wrong"] = errors_by_reviews()
    print(json.dumps(curves))


if __name__ == "__main__":
    if sys.argv[1:2] == ["process"]:
        code = finetune.main(sys.argv[2:])
        print(f"peak megabytes: {peak_megabytes()}", file=sys.stderr)
        sys.exit(code)
    main()
