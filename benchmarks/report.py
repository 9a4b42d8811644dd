"""Show the measurements of `python -m course bench`: tables and plots."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from helpers.plots import COLOURS, new_figure

Table = list[list[str]]


def tables(results: dict) -> str:
    """Return all tables of a run as text.

    Args:
        results: what `benchmarks.speed` writes to build/bench.json.
    """
    parts = [_recipes(results["rows"]), _alternatives(results["alternatives"])]
    parts += [_variations(results["variations"]), _growth(results["growth"])]
    parts += [_tokenization(results["tokenization"]), _summary(results)]
    return "\n\n".join(parts)


def _align(title: str, table: Table) -> str:
    (_, *columns), *rows = table
    frame = pd.DataFrame([row[1:] for row in rows], [row[0] for row in rows], columns)
    return f"{title}\n{frame.to_string()}"


def _accuracy(row: dict) -> str:
    if "accuracy" not in row:
        return "-"
    low, high = row["interval"]
    return f"{row['accuracy']:.3f} ({low:.3f} to {high:.3f})"


def _recipes(rows: list[dict]) -> str:
    names = ["", "samples/s", "real tokens/s", "tokens/s", "training s", "evaluation s"]
    table = [[*names, "whole s", "times", "MB", "test accuracy"]]
    for row in rows:
        speedup = rows[0]["total_seconds"] / row["total_seconds"]
        cells = {
            "samples_per_second": "{:.1f}",
            "real_tokens_per_second": "{:.0f}",
            "tokens_per_second": "{:.0f}",
            "training_seconds": "{:.0f}",
            "evaluation_seconds": "{:.1f}",
            "total_seconds": "{:.0f}",
        }
        figures = [pattern.format(row[key]) for key, pattern in cells.items()]
        name = ("" if row["whole"] else "~ ") + row["name"]
        table.append([name, *figures, f"{speedup:.1f}", str(row["peak_megabytes"]), _accuracy(row)])
    return _align("Each lever added to the ones above it", table)


def _alternatives(rows: list[dict]) -> str:
    table = [["", "seconds", "MB", "test accuracy"]]
    for row in rows:
        table.append([row["name"], f"{row['seconds']:.1f}", str(row["peak_megabytes"])])
        table[-1].append(_accuracy(row))
    return _align("Instead of fine-tuning: to train and to predict the test split", table)


def _variations(factors: dict[str, float]) -> str:
    table = [["", "time"]] + [[name, f"x {factor:.2f}"] for name, factor in factors.items()]
    return _align("The last recipe changed: time as a multiple of its own", table)


def _growth(growth: dict) -> str:
    lines = ["How the cost of the last recipe grows"]
    epochs = [f"{size}: {s:.1f} s" for size, s in growth["epoch_seconds"].items()]
    lengths = [f"{length}: {ms:.0f} ms" for length, ms in growth["sample_ms"].items()]
    threads = [f"{count}: {speed:.0f} samples/s" for count, speed in growth["samples_s"].items()]
    lines += ["an epoch, by samples          " + ", ".join(epochs)]
    lines += ["a sample, by its tokens       " + ", ".join(lengths)]
    lines += ["speed, by threads             " + ", ".join(threads)]
    return "\n".join(lines)


def _tokenization(result: dict) -> str:
    table = [["", "seconds"]]
    table += [[name, f"{seconds:.2f}"] for name, seconds in result["seconds"].items()]
    share = result["share_of_encode_batch"]
    title = f"Tokenizing {result['rows']} texts: map reaches {share:.2f} of encode_batch's speed"
    return _align(title, table)


def _summary(results: dict) -> str:
    names = ["speedup", "accuracy_document", "accuracy_best", "peak_gflops_fp32"]
    names += ["peak_gflops_bf16", "model_gflops", "roofline_share", "seconds"]
    return "\n".join(f"{name:18} {results[name]:.3f}" for name in names)


def draw_rows(results: dict, path: Path) -> None:
    """Draw the time of each recipe and save the picture.

    Args:
        results: what `benchmarks.speed` writes to build/bench.json.
        path: the file to write.
    """
    rows = results["rows"]
    title = f"The levers together make training {results['speedup']:.0f} times as fast"
    figure = new_figure(title, "seconds for the whole training run (logarithmic)", "recipe")
    axes = figure.axes[0]
    axes.barh([row["name"] for row in rows], [row["total_seconds"] for row in rows])
    axes.bar_label(axes.containers[0], fmt=" %.0f")
    axes.invert_yaxis()
    axes.set_xscale("log")
    figure.savefig(path, dpi=100)


def draw_growth(growth: dict, path: Path) -> None:
    """Draw how the cost grows with samples, length and threads, and save the picture.

    Args:
        growth: what `benchmarks.growth` printed.
        path: the file to write.
    """
    panels = {
        "samples": (growth["epoch_seconds"], "seconds for an epoch"),
        "tokens in a sample": (growth["sample_ms"], "milliseconds for a sample"),
        "threads": (growth["samples_s"], "samples per second"),
    }
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    for axes, (name, (values, label)) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        axes.plot([int(key) for key in values], list(values.values()), "o-", color=COLOURS[0])
        axes.set(xlabel=name, ylabel=label, ylim=(0, None))
    figure.suptitle("Cost grows in proportion to samples, and a little faster with length")
    figure.savefig(path, dpi=100)
