"""The course's recipe for fine-tuning: model, arguments, metrics, history."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import evaluate
import torch
import transformers
from transformers import (
    AutoModelForSequenceClassification,
    EvalPrediction,
    PreTrainedModel,
    TrainingArguments,
    set_seed,
)

from helpers.precision import fast_precision
from helpers.sampling import SEED
from helpers.sources import Source

Metrics = dict[str, float]

MPS_VARIABLE = "COURSE_MPS"

RECIPE = {
    "per_device_train_batch_size": 16,
    "per_device_eval_batch_size": 32,
    "num_train_epochs": 3,
    "warmup_steps": 0.1,
    "train_sampling_strategy": "group_by_length",
    "eval_strategy": "epoch",
    "logging_strategy": "epoch",
    "save_strategy": "no",
    "report_to": "none",
    "seed": SEED,
    # The same digits on every machine, with or without a GPU.
    "use_cpu": True,
    # Pinned memory speeds up copies to a GPU; without one PyTorch warns of it.
    "dataloader_pin_memory": False,
}


def training_arguments(
    source: Source, output_dir: str | Path, *, fast: bool = False, **changes: object
) -> TrainingArguments:
    """Return the course's training arguments.

    Args:
        source: whose learning rate is taken.
        output_dir: the folder for checkpoints.
        fast: use what this machine has, an NVIDIA GPU or bfloat16 units, at the price of results
            that differ between machines in their last digits. A Mac's GPU is used only if the
            environment variable COURSE_MPS is 1: nobody has tried it yet.
        changes: any arguments of `TrainingArguments`, in place of the course's.

    Raises:
        TypeError: for an argument that `TrainingArguments` does not have.
    """
    recipe = RECIPE | {"learning_rate": source.learning_rate}
    recipe |= _fast_arguments() if fast else {}
    return TrainingArguments(output_dir=str(output_dir), **(recipe | changes))


def _fast_arguments() -> dict[str, object]:
    gpu = torch.cuda.is_available()
    mps = os.environ.get(MPS_VARIABLE) == "1" and torch.backends.mps.is_available()
    precision = "float32" if mps else fast_precision()
    return {
        "use_cpu": not (gpu or mps),
        "dataloader_pin_memory": gpu,
        "bf16": precision == "bfloat16",
        "fp16": precision == "float16",
        "optim": "adamw_torch_fused",
        "per_device_eval_batch_size": 64,
    }


def load_classifier(
    source: Source, label_names: Sequence[str], seed: int = SEED
) -> PreTrainedModel:
    """Load the pretrained encoder with a new classification head, dropout off.

    Dropout would cost a tenth of the time (notebook 09 measures what it gains).

    Args:
        source: where the weights lie.
        label_names: the name of each label, in the order of their numbers.
        seed: the head's weights are drawn at random; the same seed draws the same ones.

    Returns:
        A model whose logits have the shape (batch, number of labels).

    Raises:
        ValueError: if there are fewer than two labels.
    """
    if len(label_names) < 2:
        raise ValueError(f"A classifier needs two labels or more, not {len(label_names)}.")
    set_seed(seed)
    verbosity = transformers.logging.get_verbosity()
    # The load report says that the head is new, which is what is wanted here.
    transformers.logging.set_verbosity_error()
    try:
        model = AutoModelForSequenceClassification.from_pretrained(
            source.model,
            num_labels=len(label_names),
            id2label=dict(enumerate(label_names)),
            label2id={name: number for number, name in enumerate(label_names)},
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    finally:
        transformers.logging.set_verbosity(verbosity)
    # `Trainer` believes that a model whose forward takes **kwargs divides its loss by the examples
    # of all accumulated batches and all processes. BERT's classifier averages over its own batch:
    # without this line the loss and its gradients would be as many times too large. Notebook 12.
    model.accepts_loss_kwargs = False
    return model


def freeze_lower_layers(model: PreTrainedModel, layers: int) -> None:
    """Freeze the embeddings and the lowest layers of the encoder: training leaves them as they are.

    Args:
        model: a classifier on a BERT-like encoder; it is changed.
        layers: how many layers, counted from the embeddings.

    Raises:
        ValueError: if the encoder does not have so many layers.

    Taught in 07, cell `freeze`.
    """
    encoder = model.base_model
    if not 0 <= layers <= len(encoder.encoder.layer):
        raise ValueError(
            f"{layers} layers were to be frozen: pass 0 to {len(encoder.encoder.layer)}."
        )
    for part in [encoder.embeddings, *encoder.encoder.layer[:layers]]:
        part.requires_grad_(False)


def make_compute_metrics(source: Source) -> Callable[[EvalPrediction], Metrics]:
    """Return the function that `Trainer` calls after each evaluation.

    Args:
        source: where the metrics lie.

    Returns:
        A function from logits of shape (n, labels) and n labels to accuracy, macro F1 and, if the
        labels are levels, the mean absolute error in levels.

    Taught in 06, cell `compute-metrics`.
    """
    accuracy = evaluate.load(source.metric("accuracy"))
    f1 = evaluate.load(source.metric("f1"))
    mae = evaluate.load(source.metric("mae"))

    def compute_metrics(evaluation: EvalPrediction) -> Metrics:
        logits, labels = evaluation
        answers = {"predictions": logits.argmax(axis=-1), "references": labels}
        scores = accuracy.compute(**answers)
        scores |= mae.compute(**answers) if source.ordered else {}
        return scores | {"macro_f1": f1.compute(**answers, average="macro")["f1"]}

    return compute_metrics


def epoch_history(log_history: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Gather `trainer.state.log_history` into one row for each evaluated epoch.

    Args:
        log_history: what `Trainer` logged, training and evaluation apart.

    Returns:
        For each epoch its number, training loss, validation loss and validation metrics,
        rounded to four decimals; nothing that a clock decides.
    """
    rows, training_loss = [], float("nan")
    for entry in log_history:
        if "loss" in entry:
            training_loss = float(entry["loss"])
        if "eval_loss" in entry:
            row = {"epoch": round(entry["epoch"], 2), "training_loss": round(training_loss, 4)}
            for name, value in entry.items():
                timed = name.endswith(("_runtime", "_per_second", "_time"))
                if name.startswith("eval_") and not timed:
                    row[name.replace("eval_", "validation_", 1)] = round(float(value), 4)
            # An evaluation after the last epoch comes in place of the epoch's own.
            if rows and rows[-1]["epoch"] == row["epoch"]:
                rows.pop()
            rows.append(row)
    return rows
