"""What a reader who sees little, or no colours, or listens to the page, can rely on."""

import re
from pathlib import Path

import nbformat
import pytest
from support.notebooks import IN_EACH_LANGUAGE, in_both_languages
from support.prose import plain, tables, tokens

from helpers.environment import PROJECT

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


each_text = pytest.mark.parametrize("path", [*IN_EACH_LANGUAGE, *PAGES], ids=name)


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


@in_both_languages
def test_every_displayed_picture_has_alt_text(path):
    for cell, output in outputs(path):
        for kind in output.get("data", {}):
            if kind.startswith("image/"):
                assert output.metadata.get(kind, {}).get("alt", "").strip(), cell


@in_both_languages
def test_the_alt_text_of_a_plot_that_nbval_leaves_out_is_in_its_code(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            for output in cell.outputs:
                alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
                assert alt.partition(" (plot: ")[0] in cell.source, cell.id


@in_both_languages
def test_every_displayed_table_has_header_cells(path):
    for cell, output in outputs(path):
        for table in HTML_TABLE.findall(output.get("data", {}).get("text/html", "")):
            assert "<th" in table, cell


@in_both_languages
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
