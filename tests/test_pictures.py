"""The pictures of JupyterLab, the slides and the website show what there is now."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from course.notebooks import pictures
from course.notebooks.languages import LANGUAGES
from course.notebooks.pictures import DIGEST, PICTURES, SHOWN_CELLS, digest, visible_parts
from helpers.environment import PROJECT

PAGES = {
    "en": [PROJECT / name for name in ("README.md", "docs/teaching.md")],
    "zh": [PROJECT / name for name in ("README.zh-CN.md", "docs/teaching.zh-CN.md")],
}

each_picture = pytest.mark.parametrize(
    ("language", "name"), [(language, name) for language in LANGUAGES for name in SHOWN_CELLS]
)


def code(printed: str, *tags: str) -> nbformat.NotebookNode:
    outputs = [nbformat.v4.new_output("stream", text=printed)]
    return nbformat.v4.new_code_cell(
        "print(1)", id="show", outputs=outputs, metadata={"tags": list(tags)}
    )


@each_picture
def test_a_picture_is_as_new_as_what_it_shows(language, name):
    with Image.open(PICTURES / language / f"{name}.png") as picture:
        stored = picture.info.get(DIGEST)
    assert stored == digest(name, language), "run 'python -m course pictures'"


@each_picture
def test_every_picture_is_used_in_its_language(language, name):
    texts = [page.read_text(encoding="utf-8") for page in PAGES[language]]
    assert any(f"images/{language}/{name}.png)" in text for text in texts)


def test_a_picture_shows_what_a_cell_prints():
    assert visible_parts(code("1")) != visible_parts(code("2"))


def test_what_a_clock_decides_makes_no_picture_old():
    assert visible_parts(code("1 s", "nbval-ignore-output")) == visible_parts(
        code("2 s", "nbval-ignore-output")
    )


def test_of_a_title_only_the_heading_is_shown():
    titles = [nbformat.v4.new_markdown_cell(f"# 00\n\n{text}", id="title") for text in "ab"]
    assert visible_parts(titles[0]) == visible_parts(titles[1])


def test_a_picture_is_copied_with_the_digest_of_what_it_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pictures, "PROJECT", tmp_path)
    monkeypatch.setattr(pictures, "SCREENSHOTS", tmp_path / "taken")
    monkeypatch.setattr(pictures, "PICTURES", tmp_path / "docs" / "images")
    monkeypatch.setattr(pictures, "SHOWN_CELLS", {"box": []})
    monkeypatch.setattr(pictures, "digest", lambda name, language: f"{name} in {language}")
    pixels = np.random.default_rng(0).integers(256, size=(30, 40, 3), dtype="uint8")
    for language in LANGUAGES:
        (tmp_path / "taken" / language).mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / "taken" / language / "box.png")
    for _ in range(2):
        assert pictures.main() == 0
    for language in LANGUAGES:
        with Image.open(tmp_path / "docs" / "images" / language / "box.png") as picture:
            assert picture.info[DIGEST] == f"box in {language}"
            assert picture.size == (40, 30)
            assert len(picture.getcolors()) == 128
    assert capsys.readouterr().out == 2 * f"2 pictures: {Path('docs', 'images')}\n"


def test_missing_pictures_are_named_with_the_command_that_makes_them(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "SCREENSHOTS", tmp_path)
    with pytest.raises(
        SystemExit, match=r"not taken zh/jupyterlab_table.png, .*: run 'python -m course pictures'"
    ):
        pictures.main()
