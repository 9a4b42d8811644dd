"""Measure one recipe, in a process of its own so that its peak memory is the recipe's."""

import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import torch
import transformers
from datasets import Dataset, load_dataset
from transformers import AutoTokenizer, PreTrainedModel, Trainer, TrainingArguments

from benchmarks.recipes import EPOCHS, EVALUATION_SIZE, Recipe, build_recipes
from helpers.first_token import compute_first_token_only
from helpers.intervals import bootstrap_interval
from helpers.lower_half import lower_half_outputs, remember_lower_half
from helpers.memory import peak_megabytes
from helpers.preprocess import token_counts, tokenize
from helpers.roofline import forward_operations, training_operations
from helpers.sampling import SEED, TRAIN_SIZE, split_validation, take_sample
from helpers.sources import get_source
from helpers.throughput import Work, measure_training
from helpers.training import freeze_lower_layers, load_classifier, training_arguments

# If the accuracy is not needed, only a part of the evaluation is timed.
TIMED_ROWS = 512
TIMED_ROWS_PADDED = 64


def prepare_data(
    padding: str, size: int | None = TRAIN_SIZE
) -> tuple[Dataset, Dataset, transformers.PreTrainedTokenizerFast]:
    """Return the tokenized training sample, the tokenized test split, and the tokenizer.

    Args:
        padding: `max_length` or `longest`, as in `Recipe`.
        size: how many training rows; None is all of them.
    """
    source = get_source()
    dataset = load_dataset(source.dataset, cache_dir=source.cache_dir)
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    tokenized = tokenize(dataset, tokenizer)
    rows, test = tokenized["train"].shuffle(seed=SEED), tokenized["test"]
    if size is not None:
        # The same 1,000 texts as notebook 07 trains on.
        rows = take_sample(split_validation(tokenized["train"])["train"], size)
    if padding == "max_length":
        rows, test = pad_to_limit(rows, tokenizer), pad_to_limit(test, tokenizer)
    return rows, test, tokenizer


def pad_to_limit(tokenized: Dataset, tokenizer: transformers.PreTrainedTokenizerFast) -> Dataset:
    """Pad every row to the model's limit, as the document does."""

    def pad_batch(examples: dict[str, list]) -> dict[str, list]:
        encodings = {name: examples[name] for name in ("input_ids", "attention_mask")}
        return dict(tokenizer.pad(encodings, padding="max_length"))

    return tokenized.map(pad_batch, batched=True)


def prepare_model(recipe: Recipe) -> PreTrainedModel:
    """Return the model that a recipe trains."""
    source = get_source()
    labels = load_dataset(source.dataset, cache_dir=source.cache_dir)["train"].features["label"]
    model = load_classifier(source, labels.names)
    model.set_attn_implementation(recipe.attention)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = recipe.dropout
    if recipe.frozen_layers is not None:
        freeze_lower_layers(model, recipe.frozen_layers)
    return model


def prepare_training(
    recipe: Recipe,
    splits: Sequence[Dataset],
    known: dict[tuple[int, ...], torch.Tensor] | None = None,
) -> tuple[PreTrainedModel, list[float]]:
    """Return the model that a recipe trains, and what was computed once for it.

    Args:
        recipe: the recipe.
        splits: the tokenized texts that the model will read.
        known: what the frozen layers give them, if it was computed before.

    Returns:
        The model, and the seconds that the frozen layers took for each split: 0 if the recipe
        computes them in every step.
    """
    model, seconds = prepare_model(recipe), [0.0] * len(splits)
    if recipe.computed_once:
        outputs = known or {}
        for number, split in enumerate([] if known else splits):
            start = time.perf_counter()
            # In the precision in which `Trainer` would compute them in every step.
            with torch.autocast("cpu", torch.bfloat16, enabled=recipe.precision == "bfloat16"):
                outputs |= lower_half_outputs(model, recipe.frozen_layers, [split])
            seconds[number] = time.perf_counter() - start
        dtype = getattr(torch, recipe.remembered_precision)
        outputs = {text: output.to(dtype) for text, output in outputs.items()}
        remember_lower_half(model, recipe.frozen_layers, outputs)
    if recipe.first_token_only:
        compute_first_token_only(model)
    return model, seconds


def arrange(rows: Dataset, recipe: Recipe) -> Dataset:
    """Return the training texts as they are, or in the order of the recipe's fixed batches."""
    if not recipe.fixed_batches:
        return rows
    lengths, size = token_counts(rows), recipe.arguments["per_device_train_batch_size"]
    longest_first = sorted(range(len(rows)), key=lengths.__getitem__, reverse=True)
    full = len(rows) // size
    batches = np.reshape(longest_first[: full * size], (full, size))
    shuffled = np.random.default_rng(SEED).permutation(batches)
    # The batch that is not full has to be the last one.
    return rows.select([*shuffled.flatten(), *longest_first[full * size :]])


def count_operations(model: PreTrainedModel, recipe: Recipe, epoch: Work) -> int:
    """Count the operations of all epochs, and of what is computed once before them."""
    operations = training_operations(model, epoch.real_tokens * EPOCHS)
    if recipe.computed_once:
        share = recipe.frozen_layers / len(model.base_model.encoder.layer)
        operations += round(share * forward_operations(model, epoch.real_tokens))
    if recipe.first_token_only:
        layer = model.base_model.encoder.layer[-1].layer
        needed = [*layer.attention.self.key.parameters(), *layer.attention.self.value.parameters()]
        spared = sum(p.numel() for p in layer.parameters()) - sum(p.numel() for p in needed)
        operations -= 6 * spared * (epoch.real_tokens - epoch.samples) * EPOCHS
    return operations


def prepare_arguments(recipe: Recipe, folder: str) -> TrainingArguments:
    """Return the arguments of a recipe."""
    gpu = torch.cuda.is_available()
    return TrainingArguments(
        folder,
        num_train_epochs=EPOCHS,
        report_to="none",
        disable_tqdm=True,
        use_cpu=not gpu,
        dataloader_pin_memory=gpu,
        bf16=recipe.precision == "bfloat16",
        fp16=recipe.precision == "float16",
        **recipe.arguments,
    )


def steps_to_time(rows: Dataset, arguments: TrainingArguments) -> int:
    """Return how many steps a whole training run has after the first, which is not timed."""
    return EPOCHS * math.ceil(len(rows) / arguments.per_device_train_batch_size) - 1


def measure(recipe: Recipe, whole: bool) -> dict[str, object]:
    """Train and evaluate with a recipe.

    Args:
        recipe: the recipe to measure.
        whole: whether to train to the end, whatever `recipe.timed_steps` is.

    Returns:
        The recipe's row in the table and the JSON file; seconds are for the whole training run.
    """
    train, test, tokenizer = prepare_data(recipe.padding)
    model, (train_once, test_once) = prepare_training(recipe, [train, test])
    with tempfile.TemporaryDirectory() as folder:
        arguments = prepare_arguments(recipe, folder)
        whole = whole or recipe.timed_steps is None
        steps = steps_to_time(train, arguments) if whole else recipe.timed_steps
        arranged = arrange(train, recipe)
        measured = measure_training(model, arguments, arranged, tokenizer, steps)
        predictions, seconds = predict(model, recipe, arguments, test, tokenizer, whole)
    training_seconds = train_once + measured.epoch_seconds * EPOCHS
    # What is computed once serves the evaluations after all epochs: each bears its part.
    per_row = seconds / len(predictions) + test_once / len(test) / EPOCHS
    evaluation_seconds = per_row * EVALUATION_SIZE
    real_tokens = measured.epoch.real_tokens * EPOCHS
    operations = count_operations(model, recipe, measured.epoch)
    result = {
        "name": recipe.name,
        "whole": whole,
        "steps": steps,
        "once_seconds": train_once,
        "training_seconds": training_seconds,
        "evaluation_seconds": evaluation_seconds,
        "total_seconds": training_seconds + EPOCHS * evaluation_seconds,
        "samples_per_second": TRAIN_SIZE * EPOCHS / training_seconds,
        "real_tokens_per_second": real_tokens / training_seconds,
        "tokens_per_second": measured.epoch.tokens * EPOCHS / training_seconds,
        "padding_share": measured.epoch.padding_share,
        "peak_megabytes": peak_megabytes(),
        "model_gflops": operations / training_seconds / 1e9,
        "precision": recipe.precision,
        "recipe": asdict(recipe),
    }
    if whole:
        hits = predictions == np.array(test["label"])
        low, high = bootstrap_interval(hits)
        result |= {"accuracy": float(hits.mean()), "interval": [low, high]}
    return result


def predict(
    model: PreTrainedModel,
    recipe: Recipe,
    arguments: TrainingArguments,
    test: Dataset,
    tokenizer: transformers.PreTrainedTokenizerFast,
    whole: bool,
) -> tuple[np.ndarray, float]:
    """Predict the test rows, or some of them; return the labels in order, and the seconds."""
    padded = recipe.padding == "max_length"
    rows = range(len(test) if whole else TIMED_ROWS_PADDED if padded else TIMED_ROWS)
    lengths = token_counts(test)
    order = sorted(rows, key=lengths.__getitem__) if recipe.sort_for_evaluation else list(rows)
    arguments.train_sampling_strategy = "sequential"
    trainer = Trainer(model, arguments, processing_class=tokenizer)
    chosen = test.select(order)
    start = time.perf_counter()
    logits = trainer.predict(chosen).predictions
    seconds = time.perf_counter() - start
    labels = np.empty(len(order), dtype=np.int64)
    labels[order] = logits.argmax(axis=-1)
    return labels, seconds


def predict_labels(
    model: PreTrainedModel,
    rows: Dataset,
    tokenizer: transformers.PreTrainedTokenizerFast,
    folder: str,
    **changes: object,
) -> np.ndarray:
    """Predict as notebook 07 does, by length; return the labels in the order of the rows.

    Args:
        model: a trained classifier.
        rows: m tokenized reviews.
        tokenizer: the model's tokenizer.
        folder: where `Trainer` may write.
        changes: arguments of `helpers.training.training_arguments`, such as `fast=True`.
    """
    lengths = token_counts(rows)
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    in_order = {"eval_strategy": "no", "train_sampling_strategy": "sequential"}
    arguments = training_arguments(get_source(), folder, disable_tqdm=True, **in_order, **changes)
    logits = Trainer(model, arguments, processing_class=tokenizer).predict(rows.select(order))
    labels = np.empty(len(order), dtype=np.int64)
    labels[order] = logits.predictions.argmax(axis=-1)
    return labels


def main() -> None:
    """Measure the recipe whose number is in argv; print the result as the last line."""
    transformers.logging.disable_progress_bar()
    recipe = build_recipes()[int(sys.argv[1])]
    whole = os.environ.get("FULL") == "1"
    print(json.dumps(measure(recipe, whole)))


if __name__ == "__main__":
    main()
