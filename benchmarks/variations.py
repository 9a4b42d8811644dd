"""Time what else might help, each compared with the same recipe in the same process."""

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace

import torch
import transformers

from benchmarks.measure import prepare_arguments, prepare_data, prepare_model
from benchmarks.recipes import LARGER_BATCH, Recipe, build_recipes
from helpers.precision import fast_precision
from helpers.throughput import measure_training

STEPS = 8
Measure = Callable[..., float]


def change(recipe: Recipe, **arguments: object) -> Recipe:
    """Return the recipe with other training arguments."""
    return replace(recipe, arguments=recipe.arguments | arguments)


def main() -> None:
    """Print, as the last line, each variation's time as a multiple of the recipe's own."""
    transformers.logging.disable_progress_bar()
    train, _, tokenizer = prepare_data("longest")
    best = build_recipes()[-1]

    def seconds_per_token(recipe=best, rows=train, steps=STEPS) -> float:
        model = prepare_model(recipe)
        with tempfile.TemporaryDirectory() as folder:
            arguments = prepare_arguments(recipe, folder)
            measured = measure_training(model, arguments, rows, tokenizer, steps)
        return measured.seconds / measured.timed.real_tokens

    def with_medium_products() -> float:
        torch.set_float32_matmul_precision("medium")
        try:
            return seconds_per_token()
        finally:
            torch.set_float32_matmul_precision("highest")

    larger = change(best, per_device_train_batch_size=2 * LARGER_BATCH)
    attention = "sdpa" if best.attention == "eager" else "eager"
    unfused = change(best, optim="adamw_torch")
    compiled = change(best, torch_compile=True)
    columns = ["input_ids", "attention_mask", "label"]
    variations: dict[str, Measure] = {
        f"batches of {2 * LARGER_BATCH}": lambda: seconds_per_token(larger, steps=STEPS // 2),
        f"{attention} attention": lambda: seconds_per_token(replace(best, attention=attention)),
        "AdamW not fused": lambda: seconds_per_token(unfused),
        "tokens cached as tensors": lambda: seconds_per_token(
            rows=train.with_format("torch", columns=columns)
        ),
        "float32_matmul_precision medium": with_medium_products,
    }
    if os.environ.get("FULL") == "1":
        # It compiles again for each shape of batch, which takes minutes.
        variations["torch.compile, compiling included"] = lambda: seconds_per_token(compiled)
    if fast_precision() == "float32":
        # Where it is emulated, a step takes seconds: two steps are enough.
        emulated = replace(best, precision="bfloat16")
        variations["bfloat16 without units for it"] = lambda: seconds_per_token(emulated, steps=2)
    results = {}
    seconds_per_token(steps=1)
    before = seconds_per_token()
    for name, measure in variations.items():
        seconds = measure()
        # The machine's speed drifts: each is compared with measurements just before and after it.
        after = seconds_per_token()
        results[name] = seconds / ((before + after) / 2)
        before = after
    print(json.dumps(results))


if __name__ == "__main__":
    main()
