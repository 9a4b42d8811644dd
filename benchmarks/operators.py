"""Say where the time of the fastest recipe's step goes, and what comes before the first step."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from statistics import median

import transformers
from torch.profiler import ProfilerActivity, profile
from transformers import Trainer, TrainerCallback

from benchmarks.bare_loop import batches_by_rows, train_bare
from benchmarks.measure import arrange, prepare_arguments, prepare_data, prepare_training
from benchmarks.recipes import Recipe, fastest_recipe
from helpers.preprocess import token_counts
from helpers.throughput import measure_training

PROFILED_STEPS = 10
REPEATS = 3
# The first pattern that an operator's name matches is its kind.
KINDS = {
    "attention": "bmm|softmax|attention",
    "matrix products": "mm$|mm_|linear",
    "GELU": "gelu",
    "layer norm": "layer_norm",
    "optimizer and clipping": "adamw|AdamW|norm|foreach|lerp|addcdiv|addcmul|sqrt",
    "number formats and copies": "copy|::to$",
    "padding, lookup, gathering": "embedding|index|gather|pad|cat$|stack|fill|zero|select|slice",
    "adding": "add|sum",
}
OTHER, PYTHON = "other operators", "Python, Trainer, loading"
# What a program of the course imports before it begins.
PROGRAM = "helpers.finetune"


class _ProfileSteps(TrainerCallback):
    """Profiles some steps after the first."""

    def __init__(self) -> None:
        self.profiler = profile(activities=[ProfilerActivity.CPU])
        self.seconds = 0.0

    def on_step_end(self, args: object, state: object, *_, **__) -> None:
        if state.global_step == 1:
            self.profiler.start()
            self.seconds -= time.perf_counter()
        elif state.global_step == 1 + PROFILED_STEPS:
            self.seconds += time.perf_counter()
            self.profiler.stop()


def shares_by_kind(times: Mapping[str, float], whole: float) -> dict[str, float]:
    """Return the share of each kind of operator, and what is left for Python.

    Args:
        times: the seconds of each operator, those of the operators inside it left out.
        whole: the seconds of all steps.
    """
    shares = dict.fromkeys([*KINDS, OTHER, PYTHON], 0.0)
    for name, seconds in times.items():
        # Not an operator: the profiler's mark around what loads a batch.
        if name.startswith("enumerate("):
            continue
        kinds = (kind for kind, pattern in KINDS.items() if re.search(pattern, name))
        shares[next(kinds, OTHER)] += seconds / whole
    shares[PYTHON] = max(0.0, 1 - sum(shares.values()))
    return shares


def profile_recipe(recipe: Recipe) -> dict[str, float]:
    """Profile some steps of a recipe under `Trainer`."""
    os.environ["KINETO_LOG_LEVEL"] = "99"
    train, _, tokenizer = prepare_data("longest")
    model, _ = prepare_training(recipe, [train])
    callback = _ProfileSteps()
    with tempfile.TemporaryDirectory() as folder:
        arguments = replace(
            prepare_arguments(recipe, folder),
            max_steps=PROFILED_STEPS + 1,
            logging_strategy="no",
            save_strategy="no",
        )
        trainer = Trainer(
            model,
            arguments,
            train_dataset=arrange(train, recipe),
            processing_class=tokenizer,
            callbacks=[callback],
        )
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
    averages = callback.profiler.key_averages()
    times = {event.key: event.self_cpu_time_total / 1e6 for event in averages}
    return shares_by_kind(times, callback.seconds)


def trainer_against_bare_loop(recipe: Recipe) -> float:
    """Return how many times as long `Trainer` takes as a bare loop on the same batches."""
    train, _, tokenizer = prepare_data("longest")
    train = train.select_columns(["input_ids", "attention_mask", "label"])
    lengths = token_counts(train)
    train = train.select(sorted(range(len(train)), key=lengths.__getitem__, reverse=True))
    in_order = recipe.arguments | {"train_sampling_strategy": "sequential"}
    recipe = replace(recipe, arguments=in_order)
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        arguments = prepare_arguments(recipe, folder)
        batches = batches_by_rows(lengths, arguments.per_device_train_batch_size)
        for _ in range(REPEATS):
            bare, _ = prepare_training(recipe, [train])
            seconds = train_bare(bare, arguments, train, batches, tokenizer)
            model, _ = prepare_training(recipe, [train])
            measured = measure_training(model, arguments, train, tokenizer, len(batches) - 1)
            ratios.append(measured.seconds / seconds)
    return median(ratios)


def import_seconds() -> tuple[float, dict[str, float]]:
    """Return how long it takes to start Python with the program's imports, and each package's part.

    A package's part is that of its own modules, without those that they import from others; Python
    writes it at the price of being slower.
    """
    command = [sys.executable, "-c", f"import {PROGRAM}"]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - start
    command[1:1] = ["-X", "importtime"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return seconds, seconds_by_package(done.stderr)


def seconds_by_package(report: str) -> dict[str, float]:
    """Add up what `python -X importtime` wrote, by package, the slowest first."""
    packages: dict[str, float] = defaultdict(float)
    for own, name in re.findall(r"^import time: +(\d+) \| +\d+ \| +(\S+)", report, re.MULTILINE):
        packages[name.split(".")[0]] += int(own) / 1e6
    return dict(sorted(packages.items(), key=lambda item: -item[1]))


def main() -> None:
    """Print, as the last line, shares by operator, `Trainer`'s part, and what importing takes."""
    transformers.logging.disable_progress_bar()
    best = fastest_recipe()
    seconds, packages = import_seconds()
    result = {
        "shares": profile_recipe(best),
        "trainer_ratio": trainer_against_bare_loop(best),
        "import_seconds": seconds,
        "imports": dict(list(packages.items())[:5]),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
