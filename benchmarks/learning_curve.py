"""Measure how accuracy grows with the training reviews; write data/learning_curve.json.

A run that is already in the file is not repeated: after a stop, the command resumes where it was.
"""

import tempfile
from collections.abc import Sequence

import datasets
import numpy as np
import transformers
from transformers import AutoTokenizer, Trainer

from benchmarks.lower_half import compute_lower_half_once
from benchmarks.measure import predict_labels
from benchmarks.stored_runs import measure_missing
from course.environment.kernel import prepare_embedded_environment
from helpers.finetune import prepare_data, prepare_model
from helpers.finetune_arguments import KEEP_BEST, FinetuneArguments
from helpers.intervals import bootstrap_interval
from helpers.learning_curve import PATH, CurveRun, read_runs, write_runs
from helpers.sources import get_source
from helpers.training import make_compute_metrics, training_arguments

# The seeds for each size: more for the course's own, one if a run takes long. The last size is all
# of train but the validation split.
SEEDS = {
    250: (42, 43, 44),
    500: (42, 43, 44),
    1_000: (42, 43, 44, 45, 46),
    2_000: (42, 43, 44),
    4_000: (42,),
    8_303: (42,),
}
SIZES = tuple(SEEDS)
# The recipe freezes half of the layers; what that costs is measured where it costs least and most.
FROZEN, UNFROZEN = 3, -1
UNFROZEN_SIZES = (1_000, SIZES[-1])


def planned_runs() -> list[tuple[int, int, int]]:
    """Return the size, the seed and the frozen layers of every run, short runs first."""
    recipe = [(size, seed, FROZEN) for size, seeds in SEEDS.items() for seed in seeds]
    unfrozen = [(size, seed, UNFROZEN) for size in UNFROZEN_SIZES for seed in SEEDS[size]]
    return sorted(recipe + unfrozen, key=lambda run: run[0])


def measure(samples: int, seed: int, frozen_layers: int) -> CurveRun:
    """Train and test once as the program does.

    Args:
        samples: how many training reviews.
        seed: the program's `--seed`.
        frozen_layers: its `--frozen_layers`.
    """
    source, arguments = get_source(), FinetuneArguments(train_samples=samples)
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    data = prepare_data(source, tokenizer, arguments, seed)
    model = prepare_model(source, data.label_names, frozen_layers, seed)
    compute_lower_half_once(model, [data.train, data.validation, data.test])
    changes = KEEP_BEST | {"save_only_model": True, "disable_tqdm": True, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=training_arguments(source, folder, **changes),
            train_dataset=data.train,
            eval_dataset=data.validation,
            processing_class=tokenizer,
            compute_metrics=make_compute_metrics(source),
        )
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
        predicted = predict_labels(trainer.model, data.test, tokenizer, folder)
    errors = np.abs(predicted - np.array(data.test["label"]))
    interval = bootstrap_interval(errors == 0)
    accuracy, mae = float((errors == 0).mean()), float(errors.mean())
    return CurveRun(samples, seed, frozen_layers, accuracy, interval, mae)


def describe(run: CurveRun) -> str:
    """Say in one line what was run and how it ended."""
    return (
        f"{run.samples:5,} reviews, seed {run.seed}, {run.frozen_layers} layers frozen: "
        f"accuracy {run.accuracy:.4f}"
    )


def main(arguments: Sequence[str] = ()) -> int:
    """Measure the runs that are not in the file yet, and write the file after each."""
    prepare_embedded_environment()
    datasets.disable_progress_bars()
    transformers.logging.disable_progress_bar()
    runs = read_runs(PATH) if PATH.exists() else []
    stored = {(run.samples, run.seed, run.frozen_layers): run for run in runs}
    runs = measure_missing(
        planned_runs(), stored, measure, lambda runs: write_runs(runs, PATH), describe
    )
    print(f"written: data/{PATH.name}, {len(runs)} runs")
    return 0
