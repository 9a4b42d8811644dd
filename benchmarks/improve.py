"""Try each lever of notebook 13 against the recipe of 07; write data/improvement.json.

The rule, written before the first run: all train on the same 1,000 reviews; the metric is accuracy
on 2,000 other training reviews; a lever's gain is its accuracy minus the recipe's with the same
seed, over 10 seeds. Chosen is the row with the largest mean gain among those whose one-sided p,
corrected after Holm for all rows, is below 0.05; if there is none, nothing is chosen. The test
split is scored once, at the end, for the recipe and for what was chosen.

A run that is already in the file is not repeated: after a stop, the command resumes where it was.
Trained weights stay in build/improve: to measure anew, move that folder and the file away.
Every seed goes through all levers before the next, so that all have equally many.
"""

import dataclasses
import io
import itertools
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import datasets
import numpy as np
import torch
import transformers
from datasets import Dataset, load_dataset
from scipy.special import softmax
from scipy.stats import ttest_1samp
from transformers import AutoTokenizer, EarlyStoppingCallback, PreTrainedModel, Trainer

from benchmarks.adaptation import adapt_encoder
from benchmarks.stored_runs import measure_missing
from course.environment.kernel import prepare_embedded_environment
from helpers.baselines import load_ratings
from helpers.files import write_whole
from helpers.improvement import PATH, LeverRun, read_lever_runs, write_lever_runs
from helpers.layer_rates import layer_rates
from helpers.lora import add_lora
from helpers.lower_half import RememberedOutputs, lower_half_outputs, remember_lower_half
from helpers.multiple_tests import holm_adjusted
from helpers.objectives import (
    cumulative_loss,
    cumulative_probabilities,
    median_level,
    rater_shares,
    soft_label,
)
from helpers.pooling import MeanPooledClassifier
from helpers.precision import cpu_has_bfloat16_units, fast_precision
from helpers.preprocess import token_counts, tokenize
from helpers.sampling import SEED, TRAIN_SIZE, split_validation
from helpers.sources import PROJECT, Source, get_source
from helpers.training import freeze_lower_layers, load_classifier, training_arguments

SEEDS = range(42, 52)
LARGEST_P = 0.05
HELD_OUT_SIZE = 2_000
FROZEN, UNFROZEN = 3, -1
BUILD = PROJECT / "build" / "improve"


@dataclass(frozen=True)
class Lever:
    """What one row of the table changes in the recipe of notebook 07.

    Attributes:
        frozen_layers: how many layers are frozen besides the embeddings; -1 is nothing.
        mean_pooling: whether the head reads the mean of the tokens.
        objective: `labels`, `rater shares`, `soft labels`, `ordinal` or `regression`.
        lora_rank: the width of LoRA's paths; 0 is none.
        rate: the learning rate, if it is not the recipe's.
        head_rate: the head's own learning rate, or None.
        layer_decay: how the learning rate falls from layer to layer, if the head has its own.
        epochs: how many at most.
        patience: stop after so many epochs without a better accuracy on the course's own
            validation split; 0 is never.
        adapted: whether the encoder is first adapted to the texts without their labels.
        teacher: the lever whose model labels the rest of the training texts, or None.
    """

    frozen_layers: int = FROZEN
    mean_pooling: bool = False
    objective: str = "labels"
    lora_rank: int = 0
    rate: float | None = None
    head_rate: float | None = None
    layer_decay: float = 1.0
    epochs: int = 3
    patience: int = 0
    adapted: bool = False
    teacher: str | None = None


RECIPE, RATES = "recipe of 07", "layer-wise rates"
LAYER_RATES = Lever(UNFROZEN, mean_pooling=True, head_rate=1e-3, layer_decay=0.8)
LEVERS = {
    RECIPE: Lever(),
    "mean pooling": Lever(mean_pooling=True),
    "rater shares": Lever(objective="rater shares"),
    "soft labels": Lever(objective="soft labels"),
    "ordinal loss": Lever(objective="ordinal"),
    "regression": Lever(objective="regression"),
    "early stopping": Lever(epochs=6, patience=2),
    # LoRA is usually given about ten times the rate of full fine-tuning.
    "LoRA": Lever(UNFROZEN, lora_rank=8, rate=1.5e-3),
    "all layers": Lever(UNFROZEN),
    RATES: LAYER_RATES,
    "adapted encoder": dataclasses.replace(LAYER_RATES, adapted=True),
    "self-training": Lever(epochs=1, teacher=RECIPE),
}
# What makes a target out of a review's ratings.
TARGETS = {"rater shares": rater_shares, "soft labels": soft_label}
# No training of their own: the same models, read in another way.
MEDIAN = {"median level": RECIPE, "layer-wise rates, median level": RATES}
AVERAGE = "average of six models"
AVERAGED = (RECIPE, "mean pooling", "soft labels", "ordinal loss", "all layers", RATES)
ROWS = (*LEVERS, *MEDIAN, AVERAGE)
# Notebook 13 trains this one again, in float32, which gives the same digits everywhere.
LIVE = "soft labels"


@dataclass(frozen=True)
class Data:
    """The tokenized reviews: 1,000 to train on, others to stop early, to choose, to test.

    `rest` are the training reviews that are left: only their texts may be used.
    """

    train: Dataset
    stopping: Dataset
    validation: Dataset
    test: Dataset
    rest: Dataset
    label_names: list[str]


@cache
def prepare_data() -> Data:
    """Return the reviews; `train` has the column `ratings` besides."""
    source = get_source()
    dataset = load_dataset(source.dataset, cache_dir=source.cache_dir)
    tokenized = tokenize(dataset, AutoTokenizer.from_pretrained(source.model))
    rated = tokenized["train"].add_column("ratings", load_ratings(source, "train"))
    splits = split_validation(rated)
    shuffled = splits["train"].shuffle(seed=SEED)
    ends = (0, TRAIN_SIZE, TRAIN_SIZE + HELD_OUT_SIZE, len(shuffled))
    parts = [shuffled.select(range(*cut)) for cut in itertools.pairwise(ends)]
    train, validation, rest = (part.flatten_indices() for part in parts)
    names = dataset["train"].features["label"].names
    return Data(train, splits["validation"], validation, tokenized["test"], rest, names)


def prepare_model(lever: Lever, source: Source, seed: int) -> PreTrainedModel:
    """Return the classifier that a lever trains, with its pooler."""
    model = load_classifier(source, prepare_data().label_names, seed)
    outputs = {"ordinal": len(prepare_data().label_names) - 1, "regression": 1}
    if lever.objective in outputs:
        model.classifier = torch.nn.Linear(model.config.hidden_size, outputs[lever.objective])
    if lever.lora_rank:
        add_lora(model, lever.lora_rank)
    elif lever.frozen_layers != UNFROZEN:
        freeze_lower_layers(model, lever.frozen_layers)
    return model


def prepare_rows(lever: Lever, seed: int, precision: str) -> tuple[Dataset, np.ndarray]:
    """Return the training rows of a lever, and the seconds and CPU seconds that its teacher took.

    The targets are in the column `label`.
    """
    data = prepare_data()
    rows = data.train.select_columns(["input_ids", "attention_mask", "label"])
    if make_target := TARGETS.get(lever.objective):
        targets = [make_target(ratings) for ratings in data.train["ratings"]]
        rows = rows.remove_columns("label").add_column("label", targets)
    if not lever.teacher:
        return rows, np.zeros(2)
    # What people said counts as often as in the recipe, what the teacher says once.
    given = np.eye(len(data.label_names))[list(rows["label"])].tolist()
    guessed = probabilities(lever.teacher, seed, precision, "rest").tolist()
    columns = {
        name: 3 * list(rows[name]) + list(data.rest[name])
        for name in ("input_ids", "attention_mask")
    }
    rows = Dataset.from_dict(columns | {"label": 3 * given + guessed})
    return rows, np.array(seconds_taken(lever.teacher, seed, precision))


def loss_function(lever: Lever) -> Callable[..., torch.Tensor]:
    """Return the loss of a lever, as `Trainer` calls it."""

    def loss(outputs: dict, labels: torch.Tensor, num_items_in_batch: object) -> torch.Tensor:
        logits = outputs["logits"].float()
        if lever.objective == "ordinal":
            return cumulative_loss(logits, labels)
        if lever.objective == "regression":
            # The middle level is 0.
            return torch.nn.functional.mse_loss(logits.squeeze(-1), labels.float() - 2)
        return torch.nn.functional.cross_entropy(logits, labels)

    return loss


def level_probabilities(lever: Lever, logits: np.ndarray) -> np.ndarray:
    """Turn what a lever's model gives into a probability of each level."""
    if lever.objective == "ordinal":
        return cumulative_probabilities(logits)
    if lever.objective == "regression":
        return np.eye(5)[np.clip(np.rint(logits.squeeze(-1) + 2), 0, 4).astype(int)]
    return softmax(logits, axis=1)


@cache
def remember_texts(split: str) -> tuple[dict, float, float]:
    """Return the frozen layers' outputs of a split, the seconds and the CPU seconds they took."""
    data = prepare_data()
    model = load_classifier(get_source(), data.label_names).eval()
    start, cpu_start = time.perf_counter(), time.process_time()
    outputs = lower_half_outputs(model, FROZEN, [getattr(data, split)])
    return outputs, time.perf_counter() - start, time.process_time() - cpu_start


def predict(model: torch.nn.Module, rows: Dataset, precision: str) -> np.ndarray:
    """Return the logits of each row, in order."""
    source = get_source()
    order = np.argsort(token_counts(rows), kind="stable")
    sequential = {"eval_strategy": "no", "train_sampling_strategy": "sequential"}
    changes = {"disable_tqdm": True, "bf16": precision == "bfloat16"}
    with tempfile.TemporaryDirectory() as folder:
        arguments = training_arguments(source, folder, **sequential, **changes)
        tokenizer = AutoTokenizer.from_pretrained(source.model)
        tester = Trainer(model, arguments, processing_class=tokenizer)
        columns = rows.select_columns(["input_ids", "attention_mask"])
        found = tester.predict(columns.select(order)).predictions
    logits = np.empty_like(found, dtype=np.float32)
    logits[order] = found
    return logits


def build_model(name: str, seed: int, precision: str) -> tuple[torch.nn.Module, np.ndarray]:
    """Return the model that a lever trains, ready to train.

    Args:
        name: a key of LEVERS.
        seed: of the head.
        precision: `float32` or `bfloat16`.

    Returns:
        The model, and the seconds and CPU seconds that its encoder took before.
    """
    lever, source, data = LEVERS[name], get_source(), prepare_data()
    taken = np.zeros(2)
    if lever.adapted:
        folder, *spent = adapt_encoder(source, [data.train, data.rest], BUILD, precision)
        source, taken = dataclasses.replace(source, model=str(folder)), taken + spent
    model = prepare_model(lever, source, seed)
    if precision == "bfloat16":
        # In bfloat16 on a CPU, PyTorch's fused attention is slower with heads this narrow.
        model.set_attn_implementation("eager")
    if lever.frozen_layers == FROZEN:
        known: dict[tuple[int, ...], torch.Tensor] = {}
        for split in ("train", "rest") if lever.teacher else ("train",):
            outputs, *spent = remember_texts(split)
            known |= outputs
            taken += spent
        remember_lower_half(model, FROZEN, known)
    return (MeanPooledClassifier(model) if lever.mean_pooling else model), taken


def train(name: str, seed: int, precision: str) -> torch.nn.Module:
    """Train with a lever, or load what it trained before.

    Args:
        name: a key of LEVERS.
        seed: of the head and of the order.
        precision: `float32` or `bfloat16`.

    Returns:
        The trained model; it gives logits.
    """
    path = _path(name, seed, precision, "pt")
    model, taken = build_model(name, seed, precision)
    if path.exists():
        model.load_state_dict(torch.load(path)["weights"])
        return model
    taken += _train(model, LEVERS[name], seed, precision)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    torch.save({"weights": model.state_dict(), "taken": taken.tolist()}, draft)
    draft.replace(path)
    return model


def seconds_taken(name: str, seed: int, precision: str) -> list[float]:
    """Return the seconds and the CPU seconds that a lever's training took, when it was trained."""
    return torch.load(_path(name, seed, precision, "pt"), mmap=True)["taken"]


def _path(name: str, seed: int, precision: str, kind: str) -> Path:
    return BUILD / f"{name.replace(' ', '_')}-{seed}-{precision}.{kind}"


def _train(model: torch.nn.Module, lever: Lever, seed: int, precision: str) -> np.ndarray:
    source, data = get_source(), prepare_data()
    rows, teaching = prepare_rows(lever, seed, precision)
    bf16 = precision == "bfloat16"
    optimizers = (None, None)
    if lever.head_rate:
        groups = layer_rates(model, source.learning_rate, lever.head_rate, lever.layer_decay)
        optimizers = (torch.optim.AdamW(groups, weight_decay=0.0), None)
    changes = {"bf16": bf16, "seed": seed, "num_train_epochs": lever.epochs, "eval_strategy": "no"}
    if lever.rate:
        changes["learning_rate"] = lever.rate
    if lever.patience:
        changes |= {"eval_strategy": "epoch", "save_strategy": "epoch", "save_total_limit": 1}
        changes |= {"load_best_model_at_end": True, "metric_for_best_model": "accuracy"}
        changes |= {"save_only_model": True}
        _remember(model, "stopping")
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model,
            training_arguments(source, folder, disable_tqdm=True, **changes),
            train_dataset=rows,
            eval_dataset=data.stopping if lever.patience else None,
            processing_class=AutoTokenizer.from_pretrained(source.model),
            compute_loss_func=loss_function(lever),
            compute_metrics=_accuracy if lever.patience else None,
            callbacks=[EarlyStoppingCallback(lever.patience)] if lever.patience else None,
            optimizers=optimizers,
        )
        trainer.remove_callback(transformers.PrinterCallback)
        start, cpu_start = time.perf_counter(), time.process_time()
        trainer.train()
        taken = time.perf_counter() - start, time.process_time() - cpu_start
    return teaching + taken


def _remember(model: torch.nn.Module, split: str) -> None:
    """Let a model whose lower half was replaced read the texts of a split too."""
    if isinstance(model.base_model.embeddings, RememberedOutputs):
        model.base_model.embeddings.outputs |= remember_texts(split)[0]


def probabilities(name: str, seed: int, precision: str, split: str) -> np.ndarray:
    """Return the probability of each level that a lever's model gives each review of a split.

    Args:
        name: a key of LEVERS.
        seed: of the head and of the order.
        precision: `float32` or `bfloat16`.
        split: `validation`, `test` or `rest`.

    Returns:
        Shape (reviews, levels), in the order of the split.
    """
    path = _path(name, seed, precision, f"{split}.npy")
    if not path.exists():
        model = train(name, seed, precision)
        _remember(model, split)
        rows = getattr(prepare_data(), split)
        found = level_probabilities(LEVERS[name], predict(model, rows, precision))
        write_whole(path, _npy(found))
    return np.load(path)


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _accuracy(evaluation: transformers.EvalPrediction) -> dict[str, float]:
    logits, labels = evaluation
    return {"accuracy": float((logits.argmax(axis=-1) == labels).mean())}


def measure(split: str, precision: str, row: str, seed: int) -> LeverRun:
    """Train what a row of the table needs, and score it.

    Args:
        split: `validation` or `test`.
        precision: `float32` or `bfloat16`.
        row: one of ROWS.
        seed: of the head and of the order.
    """
    names = AVERAGED if row == AVERAGE else (MEDIAN.get(row, row),)
    found = np.mean([probabilities(name, seed, precision, split) for name in names], axis=0)
    labels = median_level(found) if row in MEDIAN else found.argmax(axis=1)
    truths = np.array(getattr(prepare_data(), split)["label"])
    taken = [seconds_taken(name, seed, precision) for name in names]
    seconds, cpu_seconds = np.sum(taken, axis=0)
    return LeverRun(
        split,
        precision,
        row,
        seed,
        "".join(map(str, np.abs(labels - truths))),
        round(float(seconds), 1),
        round(float(cpu_seconds), 1),
        machine(),
    )


def machine() -> str:
    """Name what decides how fast this machine is."""
    units = "with" if cpu_has_bfloat16_units() else "without"
    return f"{torch.get_num_threads()} threads, {platform.machine()}, {units} bfloat16 units"


def planned_runs(precision: str) -> list[tuple[str, str, str, int]]:
    """Return the split, precision, row and seed of every run on validation, in order."""
    table = [("validation", precision, row, seed) for seed in SEEDS for row in ROWS]
    live = [("validation", "float32", LIVE, SEEDS[0])]
    # If the table is in float32, the live run is in it already.
    return list(dict.fromkeys(table[: len(ROWS)] + live + table[len(ROWS) :]))


def choose(runs: Sequence[LeverRun], precision: str) -> str | None:
    """Return the row that the rule at the top of this module chooses on validation, or None."""
    scores: dict[str, dict[int, float]] = {row: {} for row in ROWS}
    for run in runs:
        if (run.split, run.precision) == ("validation", precision):
            scores[run.lever][run.seed] = run.accuracy
    recipe = scores.pop(RECIPE)
    gains = {
        row: [score - recipe[seed] for seed, score in found.items()]
        for row, found in scores.items()
    }
    # A row that lacks a seed is not judged, but it was tried, and counts for the correction.
    p_values = [
        ttest_1samp(gain, 0, alternative="greater").pvalue if len(gain) == len(SEEDS) else 1.0
        for gain in gains.values()
    ]
    means = {
        row: float(np.mean(gain))
        for (row, gain), p in zip(gains.items(), holm_adjusted(p_values), strict=True)
        if p < LARGEST_P
    }
    return max(means, key=means.__getitem__, default=None)


def main(arguments: Sequence[str] = ()) -> int:
    """Measure the runs that are not in the file yet, and write the file after each."""
    prepare_embedded_environment()
    datasets.disable_progress_bars()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    precision = fast_precision()
    runs = read_lever_runs(PATH) if PATH.exists() else []
    runs = _complete(runs, planned_runs(precision))
    rows = [row for row in (RECIPE, choose(runs, precision)) if row]
    runs = _complete(runs, [("test", precision, row, seed) for seed in SEEDS for row in rows])
    print(f"written: data/{PATH.name}, {len(runs)} runs")
    return 0


def _complete(runs: list[LeverRun], planned: list[tuple[str, str, str, int]]) -> list[LeverRun]:
    stored = {(run.split, run.precision, run.lever, run.seed): run for run in runs}
    return measure_missing(
        planned, stored, measure, lambda runs: write_lever_runs(runs, PATH), _describe
    )


def _describe(run: LeverRun) -> str:
    return f"{run.split} {run.lever}, seed {run.seed}, {run.precision}: {run.accuracy:.4f}"
