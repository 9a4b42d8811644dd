"""Train notebook 07's recipe at learning rates from 1e-5 to 1e-3; write data/learning_rates.json.

Nothing here reads the test reviews. A run that is already in the file is not repeated: after a
stop, the command resumes where it was. Runs of another recipe are measured anew.
"""

import tempfile
from collections.abc import Sequence

import datasets
import numpy as np
import torch
import transformers
from datasets import load_dataset
from transformers import AutoTokenizer, PreTrainedModel, Trainer

from benchmarks.lower_half import compute_lower_half_once
from benchmarks.measure import predict_labels
from benchmarks.stored_runs import measure_missing
from course.environment.kernel import prepare_embedded_environment
from helpers.finetune import prepare_model
from helpers.finetune_arguments import KEEP_BEST
from helpers.learning_rates import PATH, RateRun, read_recipe, read_runs, write_runs
from helpers.preprocess import tokenize
from helpers.sampling import SEED, TRAIN_SIZE, split_validation, take_sample
from helpers.sources import get_source
from helpers.training import RECIPE, epoch_history, make_compute_metrics, training_arguments

# Each is 2.4 to 2.7 times the one before; that of the course is one of them.
RATES = (1e-5, 2.5e-5, 6e-5, 1.5e-4, 4e-4, 1e-3)
SEEDS = (SEED, SEED + 1, SEED + 2)
# 300 validation reviews are too few to tell two good rates apart. These are rows of train too, and
# neither trained on nor used to choose the epoch.
HELD_OUT_SIZE = 2_000
# Few reviews and more epochs show overfitting; ten times the rate, an erratic run.
CURVE_RATES = (1.5e-4, 1.5e-3)
CURVE_SIZE, CURVE_EPOCHS = 500, 6


def planned_runs() -> list[tuple[float, int, int, int]]:
    """Return the learning rate, seed, reviews and epochs of every run, one seed after the other."""
    epochs = RECIPE["num_train_epochs"]
    sweep = [(rate, seed, TRAIN_SIZE, epochs) for seed in SEEDS for rate in RATES]
    curves = [(rate, SEED, CURVE_SIZE, CURVE_EPOCHS) for rate in CURVE_RATES]
    return sweep[: len(RATES)] + curves + sweep[len(RATES) :]


def load_model(seed: int) -> PreTrainedModel:
    """Return the model of notebook 07 before training: a new head, half of the layers frozen."""
    source = get_source()
    train = load_dataset(source.dataset, split="train", cache_dir=source.cache_dir)
    return prepare_model(source, train.features["label"].names, None, seed)


def today_s_recipe() -> dict[str, object]:
    """Return what the runs have in common: the course's arguments, and what of the model trains."""
    model = load_model(SEED)
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    dropout = [module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)]
    return RECIPE | {"trained_parameters": trained, "dropout": max(dropout)}


class _StepTrainer(Trainer):
    """Keeps the loss of each step."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self.step_losses: list[float] = []

    def training_step(self, *arguments: object) -> torch.Tensor:
        loss = super().training_step(*arguments)
        self.step_losses.append(round(loss.item(), 4))
        return loss


def train(learning_rate: float, seed: int, samples: int, epochs: int) -> RateRun:
    """Train once as notebook 07 does, and predict the held-out reviews.

    Args:
        learning_rate: the peak learning rate.
        seed: draws the head's weights and the order of the batches.
        samples: how many training reviews.
        epochs: how many epochs; the one with the highest validation accuracy is kept.
    """
    source = get_source()
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    dataset = load_dataset(source.dataset, split="train", cache_dir=source.cache_dir)
    splits = split_validation(tokenize(dataset, tokenizer))
    # A larger sample begins with the smaller ones.
    rows = take_sample(splits["train"], TRAIN_SIZE + HELD_OUT_SIZE)
    changes = {"learning_rate": learning_rate, "seed": seed, "num_train_epochs": epochs}
    changes |= KEEP_BEST | {"save_only_model": True, "disable_tqdm": True}
    model = load_model(seed)
    compute_lower_half_once(model, [rows, splits["validation"]])
    with tempfile.TemporaryDirectory() as folder:
        trainer = _StepTrainer(
            model=model,
            args=training_arguments(source, folder, **changes),
            train_dataset=rows.select(range(samples)),
            eval_dataset=splits["validation"],
            processing_class=tokenizer,
            compute_metrics=make_compute_metrics(source),
        )
        trainer.train()
        held_out = rows.select(range(TRAIN_SIZE, len(rows)))
        labels = predict_labels(trainer.model, held_out, tokenizer, folder)
    history = epoch_history(trainer.state.log_history)
    errors = "".join(map(str, np.abs(labels - held_out["label"])))
    step_losses = trainer.step_losses if samples == CURVE_SIZE else []
    return RateRun(learning_rate, seed, samples, epochs, history, errors, step_losses)


def describe(run: RateRun) -> str:
    """Say in one line what was run and how it ended."""
    accuracies = [f"{row['validation_accuracy']:.3f}" for row in run.history]
    return (
        f"rate {run.learning_rate:.1e}, seed {run.seed}, {run.samples:,} reviews, "
        f"validation accuracy {', '.join(accuracies)}"
    )


def main(arguments: Sequence[str] = ()) -> int:
    """Measure the runs that are not in the file yet, and write the file after each."""
    prepare_embedded_environment()
    datasets.disable_progress_bars()
    transformers.logging.disable_progress_bar()
    recipe = today_s_recipe()
    current = PATH.exists() and read_recipe(PATH) == recipe
    stored = {run.plan: run for run in read_runs(PATH)} if current else {}
    runs = measure_missing(
        planned_runs(), stored, train, lambda runs: write_runs(recipe, runs, PATH), describe
    )
    print(f"written: data/{PATH.name}, {len(runs)} runs")
    return 0
