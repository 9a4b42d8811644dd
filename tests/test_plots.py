import io
from base64 import b64decode
from itertools import combinations, pairwise

import matplotlib
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image as Picture

from helpers import plots
from helpers.plots import (
    COLOURS,
    plot_bars,
    plot_confusion_matrix,
    plot_effects,
    plot_histogram,
    plot_learning_rates,
    plot_lines,
    plot_parts,
    plot_reliability,
    plot_roofline,
    plot_scores,
    show,
)

COUNTS = {"train": {"bad": 3, "good": 5}, "test": {"bad": 1, "good": 2}}
CONFUSION = [[9, 1, 0], [2, 2, 4], [0, 0, 0]]
SCORES = {"majority": (0.21, None), "model": (0.5, (0.45, 0.56))}


def labels(figure: Figure) -> tuple[str, str, str]:
    axes = figure.axes[0]
    return axes.get_title(), axes.get_xlabel(), axes.get_ylabel()


def legend(figure: Figure) -> list[str] | None:
    box = figure.axes[0].get_legend()
    return box and [text.get_text() for text in box.get_texts()]


def tick_labels(axis) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2, from 0 to 1."""
    parts = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(colour))
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def contrast(first: str, second: str) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


def test_the_colours_differ_in_grey():
    greys = sorted(luminance(colour) for colour in COLOURS)
    assert min(high - low for low, high in pairwise(greys)) > 0.05


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_stands_out_from_the_paper(colour):
    # What WCAG 2.2 asks of the parts of a picture (1.4.11).
    assert contrast(colour, "#ffffff") >= 3


FOUR = [f"series {number}" for number in range(4)]
FIGURES = {
    "lines": plot_lines({one: (range(30), range(30)) for one in FOUR}, "t", "x", "y"),
    "bars": plot_bars({one: {"group": 1} for one in FOUR}, "t", "y"),
    "roofline": plot_roofline({one: (1, 1) for one in FOUR}, 10, 10, "t"),
}


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_what_a_legend_names_differs_in_more_than_its_colour(figure):
    looks = ("get_linestyle", "get_marker", "get_hatch")
    handles = figure.axes[0].get_legend().legend_handles
    seen = {tuple(getattr(one, look)() for look in looks if hasattr(one, look)) for one in handles}
    assert len(seen) == len(handles)


def test_a_histogram_counts_every_value():
    figure = plot_histogram([1, 2, 2, 600], "Most are short", "tokens", limit=512)
    assert sum(bar.get_height() for bar in figure.axes[0].patches) == 4
    assert labels(figure) == ("Most are short", "tokens", "number of texts")


def test_a_histogram_shows_the_limit():
    figure = plot_histogram([1, 2, 600], "t", "tokens", limit=512)
    [line] = figure.axes[0].lines
    assert list(line.get_xdata()) == [512, 512]
    assert legend(figure) == ["limit: 512"]


def test_a_limit_that_is_far_away_is_only_named():
    figure = plot_histogram([1, 2, 60], "t", "tokens", limit=512)
    assert figure.axes[0].get_xlim()[1] < 70
    assert legend(figure) == ["limit: 512, far to the right"]


def test_every_bar_of_a_histogram_counts_equally_many_whole_numbers():
    figure = plot_histogram(range(4, 67), "t", "tokens", limit=512)
    assert {bar.get_width() for bar in figure.axes[0].patches} == {2}
    assert {bar.get_height() for bar in figure.axes[0].patches[:-1]} == {2}


def test_there_is_a_line_through_the_points_of_each_series():
    series = {"training": ([1, 2, 3], [3, 2, 1]), "validation": ([1, 3], [4, 5])}
    figure = plot_lines(series, "Loss falls", "epoch", "loss")
    drawn = {
        line.get_label(): (list(line.get_xdata()), list(line.get_ydata()))
        for line in figure.axes[0].lines
    }
    assert drawn == series
    assert labels(figure) == ("Loss falls", "epoch", "loss")
    assert legend(figure) == ["training", "validation"]


def test_whole_numbers_have_no_ticks_between_them():
    figure = plot_lines({"loss": ([1.0, 2.0, 3.0], [3, 2, 1])}, "It falls", "epoch", "loss")
    assert all(float(tick).is_integer() for tick in figure.axes[0].get_xticks())


def test_a_single_line_needs_no_legend():
    assert legend(plot_lines({"loss": ([1, 2], [2, 1])}, "t", "x", "y")) is None


@pytest.mark.parametrize(("points", "marker"), [(20, "o"), (21, "None")])
def test_few_points_are_marked_and_many_are_not(points, marker):
    figure = plot_lines({"loss": (range(points), range(points))}, "t", "x", "y")
    assert figure.axes[0].lines[0].get_marker() == marker


def test_a_line_of_unequal_lengths_is_refused_by_name():
    with pytest.raises(ValueError, match="'loss' has 2 x values and 1 y values"):
        plot_lines({"loss": ([1, 2], [1])}, "t", "x", "y")


RATES = {1e-3: [0.4, 0.5], 1e-5: [0.2, 0.3, 0.7]}


def test_each_seed_of_a_learning_rate_is_a_dot_and_a_line_joins_the_means():
    figure = plot_learning_rates(RATES, "1e-3 is best", "accuracy")
    mean, dots = figure.axes[0].lines
    assert list(mean.get_xdata()) == [1e-5, 1e-3]
    assert list(mean.get_ydata()) == pytest.approx([0.4, 0.45])
    assert dots.get_linestyle() == "None"
    drawn = sorted(zip(dots.get_xdata(), dots.get_ydata(), strict=True))
    assert drawn == [(1e-5, 0.2), (1e-5, 0.3), (1e-5, 0.7), (1e-3, 0.4), (1e-3, 0.5)]
    assert labels(figure) == ("1e-3 is best", "learning rate (logarithmic)", "accuracy")
    assert legend(figure) == ["mean", "one seed"]


def test_every_learning_rate_has_a_tick_on_a_logarithmic_axis():
    axes = plot_learning_rates(RATES, "t", "accuracy").axes[0]
    assert axes.get_xscale() == "log"
    assert tick_labels(axes.xaxis) == ["1.0e-05", "1.0e-03"]


def test_there_is_a_bar_for_each_series_in_each_group():
    figure = plot_bars(COUNTS, "Balanced", "number of texts")
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == [3, 5, 1, 2]
    assert labels(figure) == ("Balanced", "label", "number of texts")
    assert tick_labels(figure.axes[0].xaxis) == ["bad", "good"]
    assert legend(figure) == ["train", "test"]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_each_tick_stands_in_the_middle_of_its_bars_which_do_not_overlap(number):
    counts = {str(name): {"bad": 1, "good": 1} for name in range(number)}
    axes = plot_bars(counts, "t", "y").axes[0]
    edges = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches)
    assert all(end <= start + 1e-9 for (_, end), (start, _) in pairwise(edges))
    groups = edges[:number], edges[number:]
    middles = [(group[0][0] + group[-1][1]) / 2 for group in groups]
    assert list(axes.get_xticks()) == pytest.approx(middles)


def test_a_single_series_of_bars_needs_no_legend():
    assert legend(plot_bars({"train": {"bad": 1}}, "t", "y")) is None


@pytest.mark.parametrize("groups", [{"good": 1, "bad": 2}, {"bad": 1}, {}])
def test_bars_of_other_groups_or_another_order_are_refused(groups):
    with pytest.raises(ValueError, match="same groups, in the same order"):
        plot_bars({"train": {"bad": 1, "good": 2}, "test": groups}, "t", "y")


def points_and_ends(figure: Figure) -> list[tuple[float, float, float]]:
    drawn = []
    for container in figure.axes[0].containers:
        point, _, (interval,) = container.lines
        low, high = interval.get_segments()[0][:, 0]
        drawn.append((point.get_xdata()[0], low, high))
    return drawn


def test_a_score_without_an_interval_has_no_stub_of_one():
    axes = plot_scores({"majority": (0.21, None)}, "t", "accuracy").axes[0]
    assert axes.containers == []
    assert [list(line.get_xdata()) for line in axes.lines] == [[0.21]]


def test_each_score_is_drawn_with_its_interval():
    figure = plot_scores(SCORES, "The model wins", "accuracy")
    assert points_and_ends(figure) == [pytest.approx((0.5, 0.45, 0.56))]
    assert labels(figure) == ("The model wins", "accuracy", "predictor")


def test_scores_are_named_from_top_to_bottom():
    axes = plot_scores(SCORES, "t", "accuracy").axes[0]
    assert tick_labels(axes.yaxis) == ["majority", "model"]
    bottom, top = axes.get_ylim()
    assert bottom > 1 > 0 > top


@pytest.mark.parametrize("interval", [(0.6, 0.7), (0.3, 0.4), (0.7, 0.3)])
def test_a_score_outside_its_interval_is_refused_by_name(interval):
    with pytest.raises(ValueError, match=r"'model': 0\.5 lies outside its interval"):
        plot_scores({"model": (0.5, interval)}, "t", "accuracy")


def test_each_square_of_a_confusion_matrix_has_its_number():
    figure = plot_confusion_matrix(CONFUSION, ["bad", "fair", "good"], "Neighbours are mixed up")
    numbers = {text.get_position(): int(text.get_text()) for text in figure.axes[0].texts}
    # A column to the right is another prediction, a row further down another truth.
    assert numbers[1, 0] == 1
    assert numbers[2, 1] == 4
    assert len(numbers) == 9
    assert labels(figure) == ("Neighbours are mixed up", "predicted label", "true label")
    assert tick_labels(figure.axes[0].xaxis) == ["bad", "fair", "good"]
    assert tick_labels(figure.axes[0].yaxis) == ["bad", "fair", "good"]


def test_squares_are_as_dark_as_their_share_of_the_true_label():
    [image] = plot_confusion_matrix(CONFUSION, list("abc"), "t").axes[0].images
    shares = image.get_array().tolist()
    assert shares == [[0.9, 0.1, 0], [0.25, 0.25, 0.5], [0, 0, 0]]
    greys = [luminance(to_hex(image.to_rgba(share))) for share in (0.0, 0.25, 0.5, 0.9)]
    assert greys == sorted(greys, reverse=True)


def test_the_numbers_stand_out_from_their_squares():
    axes = plot_confusion_matrix([[100 - n, n] for n in (0, 50)], list("ab"), "t").axes[0]
    [image] = axes.images
    for text in axes.texts:
        column, row = text.get_position()
        square = to_hex(image.to_rgba(image.get_array()[row, column]))
        # What it asks of text (1.4.3).
        assert contrast(text.get_color(), square) >= 4.5


@pytest.mark.parametrize("counts", [[[1, 2]], [[1]], [1, 2], [[1, 2, 3], [4, 5, 6]]])
def test_a_confusion_matrix_of_another_shape_than_its_names_is_refused(counts):
    with pytest.raises(ValueError, match="2 names: pass one row and one column for each"):
        plot_confusion_matrix(counts, ["bad", "good"], "t")


def shown_data(figure: Figure, monkeypatch) -> tuple[dict, dict]:
    shown = []
    monkeypatch.setattr(plots, "display", shown.append)
    show(figure)
    [image] = shown
    return image._repr_mimebundle_()


def test_the_roof_rises_with_the_bandwidth_and_ends_flat_at_the_peak():
    figure = plot_roofline({"small": (1, 8), "large": (100, 90)}, 120, 10, "Two runs")
    x, y = figure.axes[0].lines[0].get_data()
    assert list(y) == [5, 120, 120]
    assert list(x) == [0.5, 12, 200]
    assert labels(figure) == ("Two runs", "operations per byte", "GFLOP/s")


def test_each_run_stands_under_the_roof_with_its_name():
    figure = plot_roofline({"small": (1, 8), "large": (100, 90)}, 120, 10, "Two runs")
    points = [tuple(line.get_xydata()[0]) for line in figure.axes[0].lines[1:]]
    assert points == [(1, 8), (100, 90)]
    assert legend(figure) == ["small", "large"]
    roofs = [text.get_text() for text in figure.axes[0].texts]
    assert roofs == ["memory: 10 GB/s", "computing: 120 GFLOP/s"]


def is_inside(box: Bbox, other: Bbox) -> bool:
    return Bbox.union([box, other]).bounds == pytest.approx(other.bounds)


@pytest.mark.parametrize(
    "figure",
    [
        plot_roofline({"small": (1, 8), "large": (100, 90)}, 120, 10, "t"),
        plot_reliability({"model": [(0.3, 0.2, 40), (0.7, 0.9, 6_000)]}, "t"),
    ],
)
def test_what_is_written_into_a_plot_stays_between_its_axes_and_off_the_lines(figure):
    figure.canvas.draw()
    axes = figure.axes[0]
    for text in axes.texts:
        box = text.get_window_extent()
        assert is_inside(box, axes.bbox)
        paths = [line.get_transform().transform_path(line.get_path()) for line in axes.lines]
        assert not any(path.intersects_bbox(box, filled=False) for path in paths)


def test_the_ticks_of_a_roofline_are_plain_numbers():
    axes = plot_roofline({"small": (1, 8)}, 120, 10, "One run").axes[0]
    axes.figure.canvas.draw()
    assert {"1", "10"} <= {label.get_text() for label in axes.xaxis.get_ticklabels()}


def test_effects_are_bars_from_0_to_the_left_and_to_the_right():
    axes = plot_effects({"dull": -0.5, "good": 0.2}, "t", "effect", "word").axes[0]
    assert [(bar.get_x(), bar.get_width()) for bar in axes.patches] == [(0, -0.5), (0, 0.2)]
    assert [bar.get_hatch() for bar in axes.patches] == ["//", ""]
    assert tick_labels(axes.yaxis) == ["dull", "good"]


def test_reliability_is_a_square_with_the_perfect_diagonal_and_the_counts():
    bins = {"before": [(0.3, 0.2, 40), (0.7, 0.8, 60)], "after": [(0.4, 0.4, 100)]}
    figure = plot_reliability(bins, "t")
    axes = figure.axes[0]
    assert legend(figure) == ["perfect", "before", "after"]
    assert [text.get_text() for text in axes.texts] == ["40", "60"]
    assert axes.get_xlim() == axes.get_ylim() == (0, 1)
    assert axes.get_aspect() == 1


def test_parts_stand_in_the_order_of_the_flow_and_the_new_ones_are_hatched():
    parts = {"layers": ["6 of them"], "head": ["5 classes", "1,925 parameters"]}
    axes = plot_parts(parts, ["ids", "vectors", "logits"], ["head"], "One is new").axes[0]
    boxes = axes.patches
    assert [bool(box.get_hatch()) for box in boxes] == [False, True]
    assert boxes[0].get_x() < boxes[1].get_x()
    places = {text.get_text(): text.get_position()[0] for text in axes.texts if text.get_text()}
    assert places["ids"] < places["layers"] < places["vectors"] < places["head"] < places["logits"]
    assert places["5 classes\n1,925 parameters"] == places["head"]


def test_what_a_part_is_called_and_made_of_stands_in_its_box_and_what_flows_between_them():
    parts = {"layers": ["6 of them"], "head": ["768 numbers", "5 classes", "3,845 parameters"]}
    axes = plot_parts(parts, ["ids", "vectors", "logits"], ["head"], "t").axes[0]
    axes.figure.canvas.draw()
    texts = {text.get_text(): text.get_window_extent() for text in axes.texts if text.get_text()}
    boxes = dict(zip(parts, (box.get_window_extent() for box in axes.patches), strict=True))
    for name, lines in parts.items():
        assert is_inside(texts[name], boxes[name])
        assert is_inside(texts["\n".join(lines)], boxes[name])
    assert not any(one.overlaps(other) for one, other in combinations(texts.values(), 2))


def test_the_names_of_many_effects_do_not_lie_on_one_another():
    axes = plot_effects({f"word {n}": n for n in range(40)}, "t", "effect", "word").axes[0]
    axes.figure.canvas.draw()
    names = [label.get_window_extent() for label in axes.yaxis.get_ticklabels()]
    assert not any(one.overlaps(other) for one, other in combinations(names, 2))
    assert plot_effects({"dull": -1}, "t", "x", "y").get_figheight() == 3.6


def test_parts_have_what_they_are_as_alternative_text(monkeypatch):
    figure = plot_parts({"layers": ["6 of them"]}, ["ids", "logits"], ["layers"], "All new")
    _, metadata = shown_data(figure, monkeypatch)
    alt = "All new (diagram, from input to output: layers, new: 6 of them)"
    assert metadata["image/png"]["alt"] == alt


@pytest.mark.parametrize(("flow", "new"), [(["ids"], []), (["ids", "logits"], ["head"])])
def test_a_flow_or_a_new_part_that_does_not_fit_the_parts_is_refused(flow, new):
    with pytest.raises(ValueError, match="1 parts need 2 texts"):
        plot_parts({"layers": []}, flow, new, "t")


def series(number: int, values: object) -> dict[str, object]:
    return {str(name): values for name in range(number)}


REFUSED = [
    (plot_histogram, ([], "t", "x", 1), "no values to draw"),
    (plot_learning_rates, ({}, "t", "y"), "no scores to draw"),
    (plot_learning_rates, ({1e-5: []}, "t", "y"), "no scores to draw"),
    (plot_scores, ({}, "t", "x"), "no scores to draw"),
    (plot_effects, ({}, "t", "x", "y"), "no effects to draw"),
    (plot_roofline, ({}, 120, 10, "t"), "There are no runs to draw"),
    (plot_lines, (series(0, ([1], [1])), "t", "x", "y"), "0 series were given: pass 1 to 4"),
    (plot_lines, (series(5, ([1], [1])), "t", "x", "y"), "5 series were given: pass 1 to 4"),
    (plot_bars, (series(0, {"a": 1}), "t", "y"), "0 series were given: pass 1 to 4"),
    (plot_bars, (series(5, {"a": 1}), "t", "y"), "5 series were given: pass 1 to 4"),
    (plot_reliability, (series(0, [(0.5, 0.5, 1)]), "t"), "0 series were given: pass 1 to 3"),
    (plot_reliability, (series(4, [(0.5, 0.5, 1)]), "t"), "4 series were given: pass 1 to 3"),
]


@pytest.mark.parametrize(("plot", "arguments", "message"), REFUSED)
def test_nothing_to_draw_or_too_much_is_refused(plot, arguments, message):
    with pytest.raises(ValueError, match=message):
        plot(*arguments)


def test_a_plot_is_shown_with_two_pixels_for_each_of_the_page(monkeypatch):
    data, metadata = shown_data(plot_bars(COUNTS, "Balanced", "texts"), monkeypatch)
    picture = Picture.open(io.BytesIO(b64decode(data["image/png"])))
    assert (picture.format, picture.size) == ("PNG", (1400, 720))
    assert (metadata["image/png"]["width"], metadata["image/png"]["height"]) == (700, 360)


def test_a_shown_plot_has_its_title_and_axes_as_alternative_text(monkeypatch):
    _, metadata = shown_data(plot_bars(COUNTS, "Balanced", "texts"), monkeypatch)
    assert metadata["image/png"]["alt"] == "Balanced (plot: texts against label)"


def test_plots_do_not_pile_up_in_pyplot():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    plot_bars(COUNTS, "t", "y")
    assert plt.get_fignums() == before


def test_chinese_labels_are_drawn_where_a_font_has_them(recwarn):
    if len(matplotlib.rcParams["font.family"]) == 1:
        pytest.skip("no Chinese font on this machine")
    figure = plots.plot_bars({"": {"好评": 3, "差评": 5}}, "title", "number", x_label="label")
    figure.canvas.draw()
    assert [str(found.message) for found in recwarn if "Glyph" in str(found.message)] == []
