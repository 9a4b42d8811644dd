"""Time what else might help, each compared with the same recipe in the same kind of process."""

import ctypes.util
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import median

import torch
import transformers
from transformers import PreTrainedModel

from benchmarks.bare_loop import batches_by_rows, batches_by_tokens, train_bare
from benchmarks.measure import (
    arrange,
    prepare_arguments,
    prepare_data,
    prepare_model,
    prepare_training,
)
from benchmarks.recipes import LARGER_BATCH, Recipe, fastest_recipe
from benchmarks.speed import run_child
from helpers.precision import fast_precision
from helpers.preprocess import token_counts
from helpers.throughput import Measurement, measure_training

STEPS = 8
ROUNDS = 3
PREDICTED_ROWS = 256
PINNED = {"OMP_PROC_BIND": "true", "OMP_PLACES": "cores"}
ALLOCATORS = ("jemalloc", "tcmalloc", "tcmalloc_minimal")
NOT_HERE = None
Measure = Callable[[], float]


def change(recipe: Recipe, **arguments: object) -> Recipe:
    """Return the recipe with other training arguments."""
    return replace(recipe, arguments=recipe.arguments | arguments)


def compare(
    plain: Measure, variations: Mapping[str, Measure], rounds: int = ROUNDS
) -> dict[str, float]:
    """Return each variation's time as a multiple of the plain one: the median of some rounds."""
    ratios: dict[str, list[float]] = {name: [] for name in variations}
    before = plain()
    for _ in range(rounds):
        for name, measure in variations.items():
            seconds = measure()
            # The machine's speed drifts: each is compared with the plain one before and after it.
            after = plain()
            ratios[name].append(seconds / ((before + after) / 2))
            before = after
    return {name: median(found) for name, found in ratios.items()}


class Bench:
    """The data, and the ways to time a change of the fastest recipe."""

    def __init__(self, steps: int = STEPS, size: int | None = None) -> None:
        """Prepare the data: the course's 1,000 reviews, or the first of them."""
        train, _, self.tokenizer = prepare_data("longest")
        self.train = train.select(range(size)) if size else train
        self.best, self.steps = fastest_recipe(), steps
        model, _ = prepare_training(self.best, [self.train])
        # Only the steps are compared.
        self.known = getattr(model.base_model.embeddings, "outputs", None)

    def measure(
        self,
        recipe: Recipe | None = None,
        change_model: Callable[[PreTrainedModel], object] = lambda model: None,
        steps: int | None = None,
        repeats: int = 1,
        **columns: object,
    ) -> Measurement:
        """Time some steps of the recipe, or of a changed one.

        Args:
            recipe: what to train with.
            change_model: what is done to the model before.
            steps: how many; None is the usual number.
            repeats: how often the model is trained for these steps; the last time counts.
            columns: how the rows give their columns, as for `Dataset.with_format`.
        """
        recipe = recipe or self.best
        model, _ = prepare_training(recipe, [self.train], self.known)
        change_model(model)
        rows = arrange(self.train, recipe)
        rows = rows.with_format(**columns) if columns else rows
        with tempfile.TemporaryDirectory() as folder:
            arguments = prepare_arguments(recipe, folder)
            for _ in range(repeats):
                measured = measure_training(
                    model, arguments, rows, self.tokenizer, steps or self.steps
                )
        return measured

    def seconds_per_token(self, *arguments: object, **options: object) -> float:
        """Return the seconds of `measure` for each real token."""
        measured = self.measure(*arguments, **options)
        return measured.seconds / measured.timed.real_tokens

    def with_medium_products(self) -> float:
        """Let float32 products be less exact."""
        torch.set_float32_matmul_precision("medium")
        try:
            return self.seconds_per_token()
        finally:
            torch.set_float32_matmul_precision("highest")

    def bare_epoch(self, by_tokens: bool) -> float:
        """Train an epoch without `Trainer`, in batches of so many rows or so many tokens."""
        lengths = token_counts(self.train)
        order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
        rows, lengths = self.train.select(order), [lengths[row] for row in order]
        model, _ = prepare_training(self.best, [rows], self.known)
        with tempfile.TemporaryDirectory() as folder:
            arguments = prepare_arguments(self.best, folder)
        size = arguments.per_device_train_batch_size
        batches = batches_by_rows(lengths, size)
        if by_tokens:
            batches = batches_by_tokens(lengths, size * sum(lengths) // len(lengths))
        # One batch more at the start, which is not timed.
        return train_bare(model, arguments, rows, [batches[0], *batches], self.tokenizer)

    def counted(self) -> dict[str, float]:
        """Count the tokens that are computed without padding, and time nothing.

        Packing puts several texts into a row, which needs a mask of its own for each of them: at
        most, it saves all padding.
        """
        epoch = self.measure(steps=1).epoch
        return {"packing, at best (counted)": epoch.real_tokens / epoch.tokens}

    def forward(self, int8: bool) -> float:
        """Predict some texts, by length; the linear layers' weights as int8, or as they are."""
        model = prepare_model(self.best).eval()
        if int8:
            # PyTorch wants another package for it in a later release.
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            model = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear})
        half = self.best.precision == "bfloat16" and not int8
        rows = sorted(self.train["input_ids"], key=len)[:PREDICTED_ROWS]
        batches = [
            self.tokenizer.pad({"input_ids": rows[start : start + 64]}, return_tensors="pt")
            for start in range(0, len(rows), 64)
        ]
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            model(**batches[0])
            start = time.perf_counter()
            for batch in batches:
                model(**batch)
            return time.perf_counter() - start


def in_process(bench: Bench, rounds: int = ROUNDS) -> dict[str, float]:
    """Compare what can be compared in one process."""
    best, seconds = bench.best, bench.seconds_per_token
    half = max(1, bench.steps // 2)
    larger = change(best, per_device_train_batch_size=2 * LARGER_BATCH)
    attention = "sdpa" if best.attention == "eager" else "eager"
    columns = ["input_ids", "attention_mask", "label"]
    variations: dict[str, Measure] = {
        f"batches of {2 * LARGER_BATCH}": lambda: seconds(larger, steps=half),
        f"{attention} attention": lambda: seconds(replace(best, attention=attention)),
        "AdamW not fused": lambda: seconds(change(best, optim="adamw_torch")),
        "tokens cached as tensors": lambda: seconds(type="torch", columns=columns),
        "float32_matmul_precision medium": bench.with_medium_products,
    }
    if fast_precision() == "float32":
        # Where it is emulated, a step takes seconds: two steps are enough.
        emulated = replace(best, precision="bfloat16")
        variations["bfloat16 without units for it"] = lambda: seconds(emulated, steps=2)
    seconds(steps=1)
    results = compare(seconds, variations, rounds)
    if os.environ.get("FULL") == "1":
        # They compile for minutes, so once. Where shapes are dynamic, most is compiled in the first
        # step, but not all of it; elsewhere each shape of batch compiles again.
        compiled = {
            "torch.compile, compiling included": lambda: seconds(change(best, torch_compile=True)),
            "torch.compile(dynamic=True), compiled before": lambda: seconds(
                change_model=lambda model: model.base_model.encoder.compile(dynamic=True),
                repeats=2,
            ),
        }
        results |= compare(seconds, compiled, rounds=1)
    by_tokens = {"batches by tokens, not rows": lambda: bench.bare_epoch(by_tokens=True)}
    results |= compare(lambda: bench.bare_epoch(by_tokens=False), by_tokens, rounds)
    int8 = {"int8 forward, in evaluation": lambda: bench.forward(int8=True)}
    results |= compare(lambda: bench.forward(int8=False), int8, rounds)
    return results | bench.counted()


def in_children(rounds: int = ROUNDS) -> dict[str, float | None]:
    """Compare what is decided before a process starts; None is what this machine does not have."""
    found = {name: ctypes.util.find_library(name) for name in ALLOCATORS}
    variables = {f"{name} (LD_PRELOAD)": {"LD_PRELOAD": path} for name, path in found.items()}
    variables = {name: value for name, value in variables.items() if value["LD_PRELOAD"]}
    variables["threads pinned (OMP_PROC_BIND)"] = PINNED

    def child(variables: Mapping[str, str]) -> float:
        return run_child("variations", "alone", variables=variables)

    measures = {name: lambda value=value: child(value) for name, value in variables.items()}
    results: dict[str, float | None] = dict(compare(lambda: child({}), measures, rounds))
    return results | {f"{name} (LD_PRELOAD)": NOT_HERE for name, path in found.items() if not path}


def main() -> None:
    """Print, as the last line, each variation's time as a multiple of the recipe's own."""
    transformers.logging.disable_progress_bar()
    if sys.argv[1:] == ["alone"]:
        print(json.dumps(Bench().seconds_per_token()))
    else:
        print(json.dumps(in_process(Bench()) | in_children()))


if __name__ == "__main__":
    main()
