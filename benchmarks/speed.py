"""Run all measurements, side by side; print tables; write build/bench.json."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

import torch
from transformers import AutoConfig

from benchmarks.recipes import EPOCHS, EVALUATION_SIZE, build_recipes
from benchmarks.report import draw_growth, draw_rows, tables
from course.environment.kernel import prepare_kernel_environment
from helpers.environment import PROJECT
from helpers.precision import fast_precision
from helpers.roofline import measure_peak_gflops
from helpers.sampling import TRAIN_SIZE
from helpers.sources import get_source

BUILD = PROJECT / "build"
# What is measured besides the recipes, each in a process of its own.
PARTS = ("alternatives", "operators", "variations", "growth", "many_rows", "tokenization")


def run_child(module: str, *arguments: str, variables: Mapping[str, str] | None = None) -> object:
    """Run a measurement in a process of its own; return the JSON of its last line.

    Args:
        module: the module of `benchmarks`.
        arguments: what it is given.
        variables: environment variables that it gets besides.
    """
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    environment = os.environ | (variables or {})
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"benchmarks.{module} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure_peak(dtype: torch.dtype) -> float:
    """Measure the peak speed of matrix products of the model's shapes, in GFLOP/s."""
    config = AutoConfig.from_pretrained(get_source().model)
    return measure_peak_gflops(config.hidden_size, config.intermediate_size, dtype)


def measure_rows() -> list[dict]:
    """Return one result for each recipe, in order."""
    recipes = build_recipes()
    results = {}
    # The machine's speed drifts: the first and the last are compared, so the last runs second.
    order = [0, len(recipes) - 1, *range(1, len(recipes) - 1)]
    for number in order:
        print(f"  {recipes[number].name}", file=sys.stderr)
        results[number] = run_child("measure", str(number))
    return [results[number] for number in sorted(results)]


def summarize(rows: list[dict], peaks: dict[str, float]) -> dict[str, object]:
    """Return the main figures of the whole benchmark."""
    document, unpadded, best = rows[0], rows[1], rows[-1]
    half = best["precision"] != "float32"
    peak = peaks["peak_gflops_bf16" if half else "peak_gflops_fp32"]
    return {
        "speedup": document["total_seconds"] / best["total_seconds"],
        # Padding is masked: the same batches without it train the same model.
        "accuracy_document": document.get("accuracy", unpadded["accuracy"]),
        "accuracy_best": best["accuracy"],
        **peaks,
        "model_gflops": best["model_gflops"],
        "roofline_share": best["model_gflops"] / peak,
    }


def main(arguments: Sequence[str] = ()) -> int:
    """Measure, print, and write build/bench.json and two plots."""
    prepare_kernel_environment()
    BUILD.mkdir(exist_ok=True)
    start = time.perf_counter()
    full = os.environ.get("FULL") == "1"
    print(f"{TRAIN_SIZE} samples, {EPOCHS} epochs, {EVALUATION_SIZE} evaluated after each;")
    print(
        "every row trained to the end"
        if full
        else "rows marked ~ estimated from some steps (--full: none)"
    )
    before = measure_peak(torch.float32)
    rows = measure_rows()
    peaks = {
        # The machine's speed drifts: the share is of the best measurement.
        "peak_gflops_fp32": max(before, measure_peak(torch.float32)),
        "peak_gflops_bf16": measure_peak(torch.bfloat16),
    }
    results = summarize(rows, peaks) | {"precision": fast_precision(), "rows": rows}
    for module in PARTS:
        print(f"  {module}", file=sys.stderr)
        results[module] = run_child(module)
    results["seconds"] = time.perf_counter() - start
    path = BUILD / "bench.json"
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")
    draw_rows(results, BUILD / "bench.png")
    draw_growth(results["growth"], BUILD / "bench_growth.png")
    print(tables(results))
    print("\nwritten: build/bench.json, build/bench.png, build/bench_growth.png")
    return 0
