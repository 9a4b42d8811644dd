"""The course's plots: labelled axes, a title that says the finding, readable in grey."""

import io
from collections.abc import Collection, Mapping, Sequence

import matplotlib
import numpy as np
from IPython.display import Image, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

# They differ in grey and to the colour-blind, and stand out from white (Okabe and Ito, 2008).
COLOURS = ("#0072B2", "#D55E00", "#000000", "#CC79A7")
# Of what is not compared with others; black text can be read on it.
PALE = "#D6E6F2"
LINE_STYLES = ("-", "--", ":", "-.")

# Labels of a learner's own may be Chinese, which the usual font does not have: of these, one stands
# in for its missing characters. They come with Linux, Windows and macOS.
CHINESE_FONTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Noto Serif CJK SC")
CHINESE_FONTS += ("Noto Serif CJK JP", "Microsoft YaHei", "SimHei", "PingFang SC", "Heiti SC")
_installed = set(get_font_names())
matplotlib.rcParams["font.family"] = [
    "sans-serif",
    *[name for name in CHINESE_FONTS if name in _installed][:1],
]

BESIDE = {"textcoords": "offset points"}

Score = tuple[float, tuple[float, float] | None]


def new_figure(title: str, x_label: str, y_label: str) -> tuple[Figure, Axes]:
    """Return a figure and its one empty, labelled pair of axes."""
    # Not through pyplot: its figures would be displayed a second time at the end of the cell.
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x_label, ylabel=y_label)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def show(figure: Figure) -> None:
    """Display a figure, with its label or its title and axis labels for those who cannot see it.

    First used in 02, cell `lengths-plot`.
    """
    axes = figure.axes[0]
    picture = io.BytesIO()
    # Two pixels of the file for each one of the page: sharp on today's screens.
    figure.savefig(picture, format="png", dpi=200)
    text = f"{axes.get_title()} (plot: {axes.get_ylabel()} against {axes.get_xlabel()})"
    text = figure.get_label() or text
    display(Image(picture.getvalue(), format="png", alt=text, retina=True))


def plot_histogram(values: Sequence[int], title: str, x_label: str, limit: int) -> Figure:
    """Draw how often each range of values occurs, and where a limit is.

    Args:
        values: one whole number for each example.
        title: what the reader should see.
        x_label: what the values are, with their unit.
        limit: a line, in the unit of `values`; where it is far from them all, only the legend
            names it, for it would leave no room to the values.

    Raises:
        ValueError: if there are no values.

    First used in 03, cell `lengths-plot`.
    """
    if not len(values):
        raise ValueError("There are no values to draw.")
    figure, axes = new_figure(title, x_label, "number of texts")
    smallest, largest = min(values), max(values)
    # Each bar counts equally many whole numbers: other bars would make gaps that are not there.
    step = max(1, round((largest - smallest) / 40))
    edges = np.arange(smallest, largest + step + 1, step) - 0.5
    axes.hist(values, bins=edges, color=COLOURS[0], edgecolor="white", linewidth=0.5)
    if limit <= 2 * largest:
        axes.axvline(limit, color="black", linestyle="--", label=f"limit: {limit}")
    else:
        axes.plot([], [], color="black", linestyle="--", label=f"limit: {limit}, far to the right")
    axes.legend()
    return figure


def plot_lines(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    title: str,
    x_label: str,
    y_label: str,
) -> Figure:
    """Draw one line for each named series.

    Args:
        series: for each name, the x values and the y values, equally many.
        title: what the reader should see.
        x_label: what x is, with its unit.
        y_label: what y is, with its unit.

    Raises:
        ValueError: if there are no series, more than four, or one of unequal lengths.

    First used in 02, cell `lengths-plot`.
    """
    if not 1 <= len(series) <= len(COLOURS):
        raise ValueError(f"{len(series)} series were given: pass 1 to {len(COLOURS)}.")
    figure, axes = new_figure(title, x_label, y_label)
    for (name, (x, y)), colour, style in zip(series.items(), COLOURS, LINE_STYLES, strict=False):
        if len(x) != len(y):
            raise ValueError(f"{name!r} has {len(x)} x values and {len(y)} y values.")
        marker = "o" if len(x) <= 20 else None
        axes.plot(x, y, color=colour, linestyle=style, marker=marker, label=name)
    if all(float(value).is_integer() for x, _ in series.values() for value in x):
        # There is no epoch 1.25.
        axes.xaxis.get_major_locator().set_params(integer=True)
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, 5), useMathText=True)
    if len(series) > 1:
        axes.legend()
    return figure


def plot_bars(
    counts: Mapping[str, Mapping[str, float]], title: str, y_label: str, x_label: str = "label"
) -> Figure:
    """Draw groups of bars, one bar of each group for each named series.

    Args:
        counts: for each series, a number for each group; every series has the same groups.
        title: what the reader should see.
        y_label: what the numbers are, with their unit.
        x_label: what the groups are.

    Raises:
        ValueError: if there are no series, more than four, or their groups differ.

    First used in 04, cell `balance-plot`.
    """
    if not 1 <= len(counts) <= len(COLOURS):
        raise ValueError(f"{len(counts)} series were given: pass 1 to {len(COLOURS)}.")
    groups = list(next(iter(counts.values())))
    if any(list(row) != groups for row in counts.values()):
        raise ValueError("Every series needs the same groups, in the same order.")
    figure, axes = new_figure(title, x_label, y_label)
    width = 0.8 / len(counts)
    hatches = ("", "//", "..", "xx")
    for place, (name, row) in enumerate(counts.items()):
        left = [number + place * width for number in range(len(groups))]
        style = {"color": COLOURS[place], "hatch": hatches[place], "edgecolor": "white"}
        axes.bar(left, list(row.values()), width, label=name, **style)
    middle = (len(counts) - 1) * width / 2
    axes.set_xticks([number + middle for number in range(len(groups))], groups)
    if len(counts) > 1:
        axes.legend()
    return figure


def plot_scores(
    scores: Mapping[str, Score], title: str, x_label: str, y_label: str = "predictor"
) -> Figure:
    """Draw scores below each other, with their confidence intervals where there are any.

    Args:
        scores: for each name, the score and the ends of its interval or None.
        title: what the reader should see.
        x_label: what the score is, with its unit.
        y_label: what has the names.

    Raises:
        ValueError: if there are no scores, or one lies outside its interval.

    First used in 06, cell `plot`.
    """
    if not scores:
        raise ValueError("There are no scores to draw.")
    figure, axes = new_figure(title, x_label, "")
    for place, (name, (score, interval)) in enumerate(scores.items()):
        if interval is None:
            axes.plot(score, place, "o", color=COLOURS[0])
            continue
        low, high = interval
        if not low <= score <= high:
            raise ValueError(f"{name!r}: {score} lies outside its interval {low} to {high}.")
        errors = [[score - low], [high - score]]
        axes.errorbar(score, place, xerr=errors, fmt="o", color=COLOURS[0], capsize=4)
    axes.set_yticks(range(len(scores)), list(scores))
    axes.set_ylim(len(scores) - 0.5, -0.5)
    axes.set_ylabel(y_label)
    axes.grid(axis="x", alpha=0.3)
    return figure


def plot_learning_rates(
    scores: Mapping[float, Sequence[float]], title: str, y_label: str
) -> Figure:
    """Draw scores against the learning rate, on a logarithmic axis: a dot for each seed.

    Args:
        scores: for each learning rate, one score for each seed; a line joins their means.
        title: what the reader should see.
        y_label: what the scores are, with their unit.

    Raises:
        ValueError: if there are no rates, or one without scores.

    First used in 07, cell `rates-plot`.
    """
    if not scores or not all(map(len, scores.values())):
        raise ValueError("There are no scores to draw, or none for one of the learning rates.")
    figure, axes = new_figure(title, "learning rate (logarithmic)", y_label)
    rates = sorted(scores)
    axes.plot(rates, [np.mean(scores[rate]) for rate in rates], color=COLOURS[0], label="mean")
    dots = [(rate, score) for rate in rates for score in scores[rate]]
    hollow = {"color": "black", "markerfacecolor": "none", "label": "one seed"}
    axes.plot(*zip(*dots, strict=True), "o", **hollow)
    axes.set_xscale("log")
    axes.set_xticks(rates, [f"{rate:.1e}" for rate in rates])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend()
    return figure


def plot_effects(effects: Mapping[str, float], title: str, x_label: str, y_label: str) -> Figure:
    """Draw bars to the right and to the left of 0, in the order given, the first on top.

    Args:
        effects: for each name, how much it adds (to the right) or takes away.
        title: what the reader should see.
        x_label: what the effects are, with their unit.
        y_label: what has the names.

    Raises:
        ValueError: if there are no effects.

    First used in 08, cell `leave-one-out-plot`.
    """
    if not effects:
        raise ValueError("There are no effects to draw.")
    figure, axes = new_figure(title, x_label, y_label)
    figure.set_figheight(max(3.6, 0.28 * len(effects)))
    for place, effect in enumerate(effects.values()):
        colour, hatch = (COLOURS[1], "//") if effect < 0 else (COLOURS[0], "")
        axes.barh(place, effect, color=colour, hatch=hatch, edgecolor="white")
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(effects)), list(effects))
    axes.set_ylim(len(effects) - 0.5, -0.5)
    axes.grid(axis="x", alpha=0.3)
    return figure


def plot_reliability(bins: Mapping[str, Sequence[tuple[float, float, int]]], title: str) -> Figure:
    """Draw accuracy against confidence, in a square, beside the diagonal of the perfect ones.

    Args:
        bins: for each name, what `reliability_bins` returns: mean confidence, accuracy, and the
            number of predictions, which stands beside the point of the first series.
        title: what the reader should see.

    Raises:
        ValueError: if there are no series, or more than three.

    First used in 08, cell `temperature-plot`.
    """
    if not 1 <= len(bins) < len(COLOURS):
        raise ValueError(f"{len(bins)} series were given: pass 1 to {len(COLOURS) - 1}.")
    figure, axes = new_figure(title, "confidence", "accuracy")
    figure.set_size_inches(5, 5)
    axes.plot([0, 1], [0, 1], color="black", linestyle=":", label="perfect")
    for number, (name, rows) in enumerate(bins.items()):
        x, y, counts = zip(*rows, strict=True)
        style = {"color": COLOURS[number], "linestyle": LINE_STYLES[number]}
        axes.plot(x, y, marker="os^"[number], label=name, **style)
        for place, count in enumerate(counts if number == 0 else ()):
            axes.annotate(f"{count}", (x[place], y[place]), (6, -12), **BESIDE)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.legend(loc="upper left")
    return figure


def plot_confusion_matrix(counts: np.ndarray, names: Sequence[str], title: str) -> Figure:
    """Draw how often each true label was predicted as each label, the number in each square.

    The darker a square, the larger its share of the true label.

    Args:
        counts: shape (labels, labels); a row for each true label, a column for each predicted one.
        names: the name of each label, in the order of their numbers.
        title: what the reader should see.

    Raises:
        ValueError: if the counts are not one row and one column for each name.

    First used in 08, cell `confusion`.
    """
    counts = np.asarray(counts)
    if counts.shape != (len(names), len(names)) or not len(names):
        raise ValueError(
            f"The counts have the shape {counts.shape} for {len(names)} names: "
            "pass one row and one column for each."
        )
    figure, axes = new_figure(title, "predicted label", "true label")
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, f"{count}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    return figure


def plot_parts(
    parts: Mapping[str, Sequence[str]], flow: Sequence[str], new: Collection[str], title: str
) -> Figure:
    """Draw the parts of a model from left to right, and what each hands to the next.

    Args:
        parts: for each part, short lines that say what is in it.
        flow: what the first part is given, what goes from part to part, what the last one gives.
        new: the parts that are not pretrained.
        title: what the reader should see.

    Raises:
        ValueError: if `flow` does not have one text more than there are parts, or a part of `new`
            is not one of them.

    First used in 05, cell `model-plot`.
    """
    if len(flow) != len(parts) + 1 or not set(new) <= set(parts):
        raise ValueError(
            f"{len(parts)} parts need {len(parts) + 1} texts of what flows, not {len(flow)}, "
            f"and the new ones must be among them: {', '.join(new)}."
        )
    figure = Figure(figsize=(7, 2.4), layout="constrained")
    axes = figure.subplots()
    # A part is 1.6 wide, an arrow 0.8.
    axes.set(title=title, xlim=(-0.8, 2.4 * len(parts)), ylim=(-0.7, 0.55))
    axes.axis("off")
    styles = {"pretrained": {"facecolor": PALE}, "new": {"facecolor": "white", "hatch": "//"}}
    centred = {"ha": "center", "fontsize": 8.5}
    kinds = {name: "new" if name in new else "pretrained" for name in parts}
    for place, (name, lines) in enumerate(parts.items()):
        style, left = styles[kinds[name]], 2.4 * place
        axes.add_patch(Rectangle((left, -0.5), 1.6, 1, edgecolor="black", **style))
        # The hatching would run through the text.
        behind = {"facecolor": style["facecolor"], "linewidth": 0, "pad": 1}
        axes.text(left + 0.8, 0.3, name, weight="bold", va="center", bbox=behind, **centred)
        text = "\n".join(lines)
        axes.text(left + 0.8, -0.12, text, va="center", bbox=behind, **centred)
    for place, text in enumerate(flow):
        end = 2.4 * place
        axes.annotate("", (end, 0), (end - 0.8, 0), arrowprops={"arrowstyle": "->"})
        axes.text(end - 0.4, 0.05, text, va="bottom", **centred)
    handles = [Patch(edgecolor="black", label=kind, **style) for kind, style in styles.items()]
    axes.legend(handles=handles, ncols=2, loc="upper center", bbox_to_anchor=(0.5, 0.12))
    told = [
        f"{name}, {kinds[name]}: {' '.join(filter(None, lines))}" for name, lines in parts.items()
    ]
    figure.set_label(f"{title} (diagram, from input to output: {'; '.join(told)})")
    return figure


def plot_roofline(
    runs: Mapping[str, tuple[float, float]], peak: float, bandwidth: float, title: str
) -> Figure:
    """Draw how fast runs compute, under the roof that the machine sets.

    Args:
        runs: for each name, the operations for each byte moved, and the GFLOP/s reached.
        peak: what the machine computes at most, in GFLOP/s.
        bandwidth: what its memory moves at most, in GB/s.
        title: what the reader should see.

    Raises:
        ValueError: if there are no runs.

    Source: Williams, Waterman & Patterson, CACM 52 (4), 2009.

    First used in 09, cell `roofline`.
    """
    if not runs:
        raise ValueError("There are no runs to draw.")
    figure, axes = new_figure(title, "operations per byte", "GFLOP/s")
    ridge = peak / bandwidth
    intensities = [intensity for intensity, _ in runs.values()]
    ends = [min([ridge, *intensities]) / 2, ridge, max([ridge, *intensities]) * 2]
    roof = [min(peak, bandwidth * intensity) for intensity in ends]
    axes.plot(ends, roof, color="black")
    axes.annotate(f"memory: {bandwidth:.0f} GB/s", (ends[0], roof[0]), (8, 0), **BESIDE)
    axes.annotate(f"computing: {peak:.0f} GFLOP/s", (ridge, peak), (0, -14), **BESIDE)
    for (name, (intensity, speed)), colour, marker in zip(
        runs.items(), COLOURS, "os^D", strict=False
    ):
        axes.plot(intensity, speed, marker, color=colour, markeredgecolor="black", label=name)
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_locator(NullLocator())
    axes.legend(loc="lower right")
    return figure
