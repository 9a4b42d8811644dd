"""What the notebooks promise beside their outputs, which nbval compares.

What is said of code and outputs is said of the Chinese notebooks: tests/test_languages.py proves
that the English ones have the same.
"""

import ast
import itertools
import re
from pathlib import Path

import nbformat
from support.notebooks import NOTEBOOKS, cells, each_notebook, in_both_languages
from support.prose import fixed

from helpers.environment import PROJECT

IGNORED = "nbval-ignore-output"
# What the prose beside it says, too.
EXPECTED_FALSE = {
    "labels come back in order",
    "1 of 512 tokens, dropout  fused attention",
    "batch of 16, dropout      fused attention",
}
WORDS = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+|[a-z]{2,}")
RANDOM_ID = re.compile(r"[0-9a-f]{8}")
BACKTICKED_NUMBER = re.compile(r"(?<!`)`[-−+]?(\d[\d,]*(?:\.\d+)?)\s?%?`(?!`)")
LINK = re.compile(r"\]\(([^)#]+\.ipynb)\)")


def prose(path: Path) -> str:
    return "\n\n".join(cell.source for cell in cells(path, "markdown"))


def output_text(cell: nbformat.NotebookNode) -> str:
    parts = [output.get("text", "") for output in cell.outputs]
    parts += [str(output.get("data", {}).get("text/html", "")) for output in cell.outputs]
    return "\n".join(parts)


def word(path: Path, english: str) -> str:
    """A fixed word in the language of a notebook."""
    return fixed(english, path.parent.name)


def section(text: str, heading: str) -> str:
    """What stands under a heading; empty if there is no such heading."""
    return text.partition(f"## {heading}\n")[2].split("\n## ", 1)[0]


def bullets(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("- ")]


@each_notebook
def test_outputs_come_from_one_run_from_top_to_bottom(path):
    counts = [cell.execution_count for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1))


@each_notebook
def test_cell_ids_are_words(path):
    ids = [cell.id for cell in nbformat.read(path, as_version=4).cells]
    assert len(set(ids)) == len(ids)
    assert [name for name in ids if not WORDS.fullmatch(name) or RANDOM_ID.fullmatch(name)] == []


@each_notebook
def test_nothing_is_stored_from_stderr(path):
    for cell in cells(path, "code"):
        assert [output for output in cell.outputs if output.get("name") == "stderr"] == [], cell.id


@each_notebook
def test_no_cell_is_longer_than_fifteen_lines(path):
    for cell in cells(path, "code"):
        assert len([line for line in cell.source.splitlines() if line.strip()]) <= 15, cell.id


@in_both_languages
def test_it_opens_with_title_needs_and_minutes(path):
    opening = cells(path, "markdown")[0].source
    assert re.match(rf"# {path.name[:2]}\s", opening)
    assert f"**{word(path, 'You need')}**" in opening
    assert f"**{word(path, 'Time')}**" in opening


@in_both_languages
def test_it_closes_with_as_many_results_as_it_opened_with_aims(path):
    text = prose(path)
    aims = bullets(section(text, word(path, "What you will learn")))
    results = bullets(section(text, word(path, "Summary")))
    assert 3 <= len(aims) <= 5
    assert len(results) == len(aims)


@in_both_languages
def test_links_to_other_notebooks_lead_somewhere(path):
    for target in LINK.findall(prose(path)):
        assert (path.parent / target).is_file(), target


@in_both_languages
def test_numbers_in_prose_stand_in_code_or_outputs(path):
    found = "\n".join(cell.source + output_text(cell) for cell in cells(path, "code"))
    for number in BACKTICKED_NUMBER.findall(prose(path)):
        assert number in found or number.replace(",", "") in found, number


@each_notebook
def test_one_cell_prints_the_headline_of_make_run(path):
    headlines = [
        cell for cell in cells(path, "code") if "headline" in cell.metadata.get("tags", [])
    ]
    assert len(headlines) == 1
    assert headlines[0].outputs[-1].text.strip()


@each_notebook
def test_it_leaves_nothing_to_a_source(path):
    for cell in cells(path, "code"):
        assert "source.name ==" not in cell.source, cell.id
        assert "COURSE_SOURCE" not in cell.source, cell.id


def test_nine_in_ten_code_cells_are_compared():
    code = [cell for path in NOTEBOOKS for cell in cells(path, "code")]
    ignored = [cell for cell in code if IGNORED in cell.metadata.get("tags", [])]
    assert len(ignored) <= len(code) / 10


def test_what_must_hold_about_a_measurement_held_when_it_was_stored():
    found = {
        line.rpartition(":")[0]
        for path in NOTEBOOKS
        for cell, after in itertools.pairwise(cells(path, "code"))
        if IGNORED in cell.metadata.get("tags", [])
        for line in output_text(after).splitlines()
        if line.endswith(": False")
    }
    assert found == EXPECTED_FALSE


def test_the_cell_after_an_uncompared_one_is_compared():
    for path in NOTEBOOKS:
        code = cells(path, "code")
        for cell, following in itertools.pairwise(code):
            if IGNORED in cell.metadata.get("tags", []):
                assert IGNORED not in following.metadata.get("tags", []), cell.id
                assert following.outputs, cell.id


def test_the_readme_shows_the_picture_that_the_notebook_stores():
    from course.notebooks.readme_picture import PICTURE, stored_picture

    assert PICTURE.read_bytes() == stored_picture()


@in_both_languages
def test_the_readme_says_how_long_reading_takes(path):
    name = {"zh": "README.zh-CN.md", "en": "README.md"}[path.parent.name]
    text = (PROJECT / name).read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if f"/{path.name})" in line)
    said = re.search(
        r"阅读约 (\d+) 分钟|about (\d+) minutes to read", cells(path, "markdown")[0].source
    )
    shown = re.search(r"\| (\d+) (?:min|分钟) \|", row)[1]
    assert shown == (said[1] or said[2]), f"{name} has other minutes than the notebook"


def test_helpers_never_import_notebooks_tests_or_course():
    for path in (PROJECT / "helpers").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.module.split(".")[0] not in {"notebooks", "tests", "course"}, path
