"""What a reader who sees little, or no colours, or listens to the page, can rely on."""

import re
from pathlib import Path

import nbformat
import pytest
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from support.prose import plain, tables, tokens

from course.notebooks.execute import find_notebooks
from course.notebooks.languages import LANGUAGES, notebook_folder
from helpers.environment import PROJECT
from helpers.plots import COLOURS, plot_bars, plot_learning_rates, plot_lines, plot_roofline

NOTEBOOKS = [path for name in LANGUAGES for path in find_notebooks(None, notebook_folder(name))]
PAGES = [
    *PROJECT.glob("README*.md"),
    *PROJECT.glob("docs/*.md"),
    PROJECT / "data/reviews/README.md",
]
HTML_TABLE = re.compile(r"<table.*?</table>", re.DOTALL)
HTML_IMAGE = re.compile(r"<img\b[^>]*>")
ALT = re.compile(r"""\balt=(["'])\s*[^"'\s]""")


def name(path: Path) -> str:
    return str(path.relative_to(PROJECT))


each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
each_text = pytest.mark.parametrize("path", [*NOTEBOOKS, *PAGES], ids=name)


def markdown(path: Path) -> dict[str, str]:
    """The texts of a notebook's cells by their ids, or the one text of a page."""
    if path.suffix == ".md":
        return {path.name: path.read_text(encoding="utf-8")}
    cells = nbformat.read(path, as_version=4).cells
    return {cell.id: cell.source for cell in cells if cell.cell_type == "markdown"}


def outputs(path: Path) -> list[tuple[str, dict]]:
    """What the code cells displayed, each with the id of its cell."""
    cells = nbformat.read(path, as_version=4).cells
    return [(cell.id, output) for cell in cells for output in cell.get("outputs", [])]


@each_notebook
def test_every_displayed_picture_has_alt_text(path):
    for cell, output in outputs(path):
        for kind in output.get("data", {}):
            if kind.startswith("image/"):
                assert output.metadata.get(kind, {}).get("alt", "").strip(), cell


@each_notebook
def test_every_displayed_table_has_header_cells(path):
    for cell, output in outputs(path):
        for table in HTML_TABLE.findall(output.get("data", {}).get("text/html", "")):
            assert "<th" in table, cell


@each_notebook
def test_every_image_in_displayed_html_has_alt_text(path):
    for cell, output in outputs(path):
        for image in HTML_IMAGE.findall(output.get("data", {}).get("text/html", "")):
            assert ALT.search(image), cell


@each_text
def test_every_picture_in_the_text_has_alt_text(path):
    for place, text in markdown(path).items():
        for image in tokens(text, "image"):
            assert plain(image).strip(), f"{place}: {image['attrs']['url']}"
        for image in HTML_IMAGE.findall(text):
            assert ALT.search(image), f"{place}: {image}"


@each_text
def test_headings_begin_at_one_title_and_skip_no_level(path):
    text = "\n\n".join(markdown(path).values())
    headings = [(token["attrs"]["level"], plain(token)) for token in tokens(text, "heading")]
    assert [level for level, _ in headings].count(1) == 1
    last = 0
    for level, heading in headings:
        assert level <= last + 1, f"{heading} is a heading of level {level} after level {last}"
        last = level


@each_text
def test_every_column_of_a_table_has_a_header(path):
    for place, text in markdown(path).items():
        for header, *_ in tables(text):
            assert all(header), f"{place}: {header}"


def contrast_on_white(colour: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    values = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_stands_out_from_the_paper(colour):
    # What WCAG 2.2 asks of the parts of a picture (1.4.11).
    assert contrast_on_white(colour) >= 3


FOUR = [f"series {number}" for number in range(4)]
FIGURES = {
    "lines": plot_lines({one: (range(30), range(30)) for one in FOUR}, "t", "x", "y"),
    "bars": plot_bars({one: {"group": 1} for one in FOUR}, "t", "y"),
    "learning rates": plot_learning_rates({1e-5: [1], 1e-3: [2]}, "t", "y"),
    "roofline": plot_roofline({one: (1, 1) for one in FOUR}, 10, 10, "t"),
}


def look(handle: Artist) -> tuple:
    """How something is drawn, its colour left out."""
    kinds = ("linestyle", "marker", "hatch")
    return tuple(
        getattr(handle, f"get_{kind}")() for kind in kinds if hasattr(handle, f"get_{kind}")
    )


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_what_a_legend_names_differs_in_more_than_its_colour(figure: Figure):
    handles = figure.axes[0].get_legend().legend_handles
    assert len({look(handle) for handle in handles}) == len(handles)
