"""Show the measurements of `python -m course bench`: tables and plots."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
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
    parts += [_operators(results["operators"]), _variations(results["variations"])]
    parts += [_growth(results["growth"]), _many_rows(results["many_rows"])]
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


def exponent(curve: Mapping[str, float]) -> float:
    """Return the slope of a curve where both axes are logarithmic: 1 is in proportion."""
    along = np.log([int(key) for key in curve])
    return float(np.polyfit(along, np.log(list(curve.values())), 1)[0])


def _operators(result: dict) -> str:
    table = [["", "share"]] + [[name, f"{s:.1%}"] for name, s in result["shares"].items()]
    lines = [_align("A step of the last recipe, by operator", table)]
    ratio = result["trainer_ratio"]
    lines.append(f"Trainer against a bare loop on the same batches: x {ratio:.2f}")
    parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in result["imports"].items())
    lines.append(f"imports before a program begins: {result['import_seconds']:.1f} s ({parts})")
    return "\n".join(lines)


def _variations(factors: dict[str, float | None]) -> str:
    table = [["", "time"]]
    for name, factor in factors.items():
        table.append([name, "not on this machine" if factor is None else f"x {factor:.2f}"])
    return _align("The last recipe changed: time as a multiple of its own", table)


def _growth(growth: dict) -> str:
    lines = ["How the cost of the last recipe grows: figures, and the fitted exponent"]
    for axis, curves in growth.items():
        for name, curve in curves.items():
            values = ", ".join(f"{key}: {value:.4g}" for key, value in curve.items())
            slope = f"  ^{exponent(curve):+.2f}" if len(curve) > 1 else ""
            lines.append(f"{name + ', by ' + axis:30}{values}{slope}")
    return "\n".join(lines)


def _many_rows(result: dict) -> str:
    table = [["", "seconds"]]
    table += [[name, f"{seconds:.1f}"] for name, seconds in result["seconds"].items()]
    title = f"{result['rows']:,} synthetic rows through 01 to 04: {result['peak_megabytes']} MB"
    return _align(title, table)


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
    figure, axes = new_figure(title, "seconds for the whole training run (logarithmic)", "recipe")
    axes.barh([row["name"] for row in rows], [row["total_seconds"] for row in rows])
    axes.bar_label(axes.containers[0], fmt=" %.0f")
    axes.invert_yaxis()
    axes.set_xscale("log")
    figure.savefig(path, dpi=100)


def draw_growth(growth: dict, path: Path) -> None:
    """Draw how accuracy, time and memory grow, and save the picture.

    Args:
        growth: what `benchmarks.growth` printed.
        path: the file to write.
    """
    columns = max(map(len, growth.values()))
    figure = Figure(figsize=(3.2 * columns, 2.6 * len(growth)), layout="constrained")
    grid = figure.subplots(len(growth), columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for row, (axis, curves) in zip(grid, growth.items(), strict=True):
        for axes, (name, curve) in zip(row, curves.items(), strict=False):
            axes.set_axis_on()
            axes.loglog([int(key) for key in curve], list(curve.values()), "o-", color=COLOURS[0])
            title = f"exponent {exponent(curve):+.2f}" if len(curve) > 1 else ""
            axes.set(xlabel=axis, ylabel=name, title=title)
    figure.suptitle("How accuracy, time and memory grow: both axes are logarithmic")
    figure.savefig(path, dpi=100)
