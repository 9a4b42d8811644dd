"""The pictures of JupyterLab, the slides and the website show what there is now."""

import nbformat
import pytest

from course.environment.kernel import PROJECT
from course.notebooks import pictures
from course.notebooks.pictures import PICTURES, SHOWN_CELLS, digest, stored_digest, visible_parts

PAGES = [PROJECT / name for name in ("README.md", "docs/teaching.md")]

each_picture = pytest.mark.parametrize("name", SHOWN_CELLS)


def code(printed: str, *tags: str) -> nbformat.NotebookNode:
    outputs = [nbformat.v4.new_output("stream", text=printed)]
    return nbformat.v4.new_code_cell(
        "print(1)", id="show", outputs=outputs, metadata={"tags": list(tags)}
    )


@each_picture
def test_a_picture_is_as_new_as_what_it_shows(name):
    assert stored_digest(PICTURES / f"{name}.png") == digest(name), (
        "run 'python -m course pictures'"
    )


@each_picture
def test_every_picture_is_used(name):
    assert any(f"images/{name}.png)" in page.read_text(encoding="utf-8") for page in PAGES)


def test_a_picture_shows_what_a_cell_prints():
    assert visible_parts(code("1")) != visible_parts(code("2"))


def test_what_a_clock_decides_makes_no_picture_old():
    assert visible_parts(code("1 s", "nbval-ignore-output")) == visible_parts(
        code("2 s", "nbval-ignore-output")
    )


def test_of_a_title_only_the_heading_is_shown():
    titles = [nbformat.v4.new_markdown_cell(f"# 00\n\n{text}", id="title") for text in "ab"]
    assert visible_parts(titles[0]) == visible_parts(titles[1])


def test_missing_pictures_are_named_with_the_command_that_makes_them(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "SCREENSHOTS", tmp_path)
    with pytest.raises(
        SystemExit, match=r"not taken jupyterlab_table, .*: run 'python -m course pictures'"
    ):
        pictures.main()
