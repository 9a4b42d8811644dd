"""The slides are what the metadata of the notebooks' cells say, and they fit."""

import base64
import copy
import itertools
import re
import struct

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from support.notebooks import each_notebook, in_both_languages, notebook
from support.prose import reading_minutes

from course.publish import reveal, slide_cells
from course.publish.reveal import copy_reveal
from course.publish.slide_cells import (
    deck,
    find_slides,
    fit,
    notes,
    questions,
    slide_type,
    split_at_headings,
)
from course.publish.slide_heights import (
    HEIGHT,
    WIDTH,
    cell_height,
    prose_height,
    style_variables,
)
from course.publish.slides import REVEAL, TEMPLATE, Deck, deck_page, index_page, read
from course.publish.static_notebook import WIDGET, make_static

NUMBERS = itertools.count()
KINDS = ("slide", "subslide", "fragment", "-", "skip")
LONG = "\n\n".join(["A paragraph."] * 9)


def prose(text: str, kind: str, name: str = "", **metadata: object) -> NotebookNode:
    metadata["slideshow"] = {"slide_type": kind}
    identifier = name or f"text-{next(NUMBERS)}"
    return nbformat.v4.new_markdown_cell(text, id=identifier, metadata=metadata)


def code(source: str, kind: str, printed: str = "", name: str = "", png: str = "") -> NotebookNode:
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)] if printed else []
    if png:
        outputs.append(nbformat.v4.new_output("display_data", data={"image/png": png}))
    metadata = {"slideshow": {"slide_type": kind}}
    identifier = name or f"code-{next(NUMBERS)}"
    return nbformat.v4.new_code_cell(source, id=identifier, outputs=outputs, metadata=metadata)


def texts(*cells: NotebookNode) -> list[list[str]]:
    """What is on each slide."""
    return [[cell.source for cell in slide.cells] for slide in find_slides(notebook(*cells))]


def picture(width: int, height: int) -> str:
    """The beginning of a picture, which says its size."""
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)
    return base64.b64encode(head).decode()


OPENING = "# 07　训练\n\n## 你将学会\n\n- 训练。\n\n**时间**：阅读约 8 分钟。"
TITLE = prose(OPENING, "slide", name="title")


# The notebooks


@in_both_languages
def test_every_cell_says_what_it_is_on_the_slides(path):
    cells = nbformat.read(path, as_version=4).cells
    assert [cell.id for cell in cells if slide_type(cell) not in KINDS] == []


@in_both_languages
def test_minutes_stand_where_a_slide_begins(path):
    cells = nbformat.read(path, as_version=4).cells
    begins = [cell.id for cell in cells if slide_type(cell) == "slide"]
    assert [cell.id for cell in cells if "minutes" in cell.metadata] == begins


@each_notebook
def test_the_minutes_add_up_to_the_time_of_reading(path):
    plan = nbformat.read(path, as_version=4)
    minutes = sum(slide.minutes or 0 for slide in find_slides(plan))
    said = reading_minutes(plan.cells[0].source)
    assert minutes == pytest.approx(said, rel=0.2), "change 'minutes' in the cells' metadata"


@in_both_languages
def test_what_is_on_a_slide_fits(path):
    slides = find_slides(nbformat.read(path, as_version=4))
    assert [slide.cells[0].id for slide in slides if not fit(*slide.cells)] == []


# From cells to slides


def test_a_cell_begins_a_slide_or_a_subslide_or_is_added():
    slides = find_slides(
        notebook(prose("a", "slide"), code("b", "fragment"), prose("c", "subslide"), code("d", "-"))
    )
    assert [slide.kind for slide in slides] == ["slide", "subslide"]
    assert [[slide_type(cell) for cell in slide.cells] for slide in slides] == [
        ["slide", "fragment"],
        ["subslide", "-"],
    ]


@pytest.mark.parametrize("kind", ["skip", "notes"])
def test_what_is_left_out_is_on_no_slide(kind):
    assert texts(prose("a", "slide"), code("b", kind)) == [["a"]]


def test_a_comment_before_a_heading_comes_on_the_slide_before():
    cells = [prose("## A", "slide"), prose("Three, as you see.\n\n## B\n\nNow four.", "slide")]
    assert texts(*cells) == [["## A", "Three, as you see."], ["## B\n\nNow four."]]


def test_a_second_heading_begins_a_subslide():
    slides = find_slides(notebook(prose("## A\n\na\n\n### B\n\nb", "slide")))
    assert [slide.kind for slide in slides] == ["slide", "subslide"]
    assert slides[1].cells[0].source == "### B\n\nb"


def test_the_opening_stays_together_if_it_fits():
    assert texts(TITLE) == [[TITLE.source]]
    long = prose(f"# 07\n\n{LONG}\n\n## 你将学会\n\n{LONG}", "slide")
    assert len(texts(long)) == 2


def test_what_looks_like_a_heading_in_code_is_none():
    text = "## A\n\n```python\n# a comment\n```"
    assert split_at_headings(text) == [text]


def test_a_fragment_that_does_not_fit_begins_a_subslide():
    slides = find_slides(notebook(prose(LONG, "slide"), prose(LONG, "fragment")))
    assert [slide.kind for slide in slides] == ["slide", "subslide"]


def test_a_short_comment_that_does_not_fit_takes_its_cell_along():
    comment = "\n\n".join(["!"] * 4)
    cells = [prose(LONG, "slide"), code("b", "fragment"), prose(comment, "fragment")]
    assert texts(*cells) == [[LONG], ["b", comment]]


def test_a_picture_is_on_a_subslide_of_its_own():
    cells = [prose("## A", "slide"), code("show()", "fragment", png=picture(640, 400))]
    first, second = find_slides(notebook(*cells))
    assert [cell.get("outputs") for cell in first.cells] == [None, []]
    assert second.cells[0].metadata["transient"] == {"remove_source": True}
    assert len(second.cells[0].outputs) == 1


def test_what_does_not_fit_below_its_code_is_on_a_subslide_of_its_own():
    slides = find_slides(notebook(code("print()", "slide", printed="line\n" * 26)))
    assert [slide.kind for slide in slides] == ["slide", "subslide"]


def test_links_to_notebooks_lead_to_their_slides():
    text = "See [05](05_trainer.ipynb) and [06](06_evaluate.ipynb#f1)."
    linked = "See [05](05_trainer.html) and [06](06_evaluate.html#f1)."
    assert texts(prose(text, "slide")) == [[linked]]


def test_the_notebook_is_not_changed():
    original = notebook(
        TITLE, prose("a\n\n## B", "slide"), code("b", "fragment", png=picture(9, 9))
    )
    before = copy.deepcopy(original)
    deck(original, "zh")
    assert original == before


# The speaker's notes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("先数一数。先猜一猜：是 `1.5` 还是 `2`？看下面。", ["先猜一猜：是 `1.5` 还是 `2`？"]),
        ("It is 1.5 s. How long is that in ms? Guess.", ["How long is that in ms?"]),
        ("Two: one? And\nanother?", ["Two: one?", "another?"]),
        ("> **Note** Is it?", ["Note** Is it?"]),
        ("`why?` and [a link](https://a.example/?p=0).", []),
        ("```python\nwhat?\n```", []),
        ("## Why?\n\nSo.", []),
    ],
)
def test_questions_are_the_sentences_that_ask(text, found):
    assert questions(text) == found


def test_the_speaker_sees_minutes_and_questions():
    cells = [prose("How many?", "slide", minutes=2.5), prose("And now?", "fragment", name="more")]
    (slide,) = find_slides(notebook(*cells))
    assert notes(slide, "en") == "**2.5 min**\n\nAsk:\n\n- How many?\n- And now?"


def test_only_the_speaker_sees_the_answers():
    text = "1. Why?\n\n<details>\n<summary>Answers</summary>\n\n1. So.\n\n</details>"
    (slide,) = find_slides(notebook(prose(text, "slide", minutes=1)))
    assert slide.cells[0].source == "1. Why?"
    assert notes(slide, "en") == "**1 min**\n\n**Answers**\n\n1. So."


def test_the_notes_come_after_the_first_cell_of_a_slide():
    made = deck(
        notebook(prose("a", "slide", minutes=3), code("b", "fragment"), prose("c", "slide")), "zh"
    )
    assert [cell.source for cell in made.cells] == ["a", "**3 分钟**", "b", "c"]
    assert [slide_type(cell) for cell in made.cells] == ["slide", "notes", "fragment", "slide"]


def test_a_slide_shares_its_minutes_with_its_subslides():
    cells = [
        prose("a", "slide", minutes=2.5),
        *(prose(text, "subslide") for text in "bcd"),
        prose("e", "slide", minutes=1),
    ]
    first_cells = [
        cell for cell in deck(notebook(*cells), "en").cells if slide_type(cell) != "notes"
    ]
    timings = [cell.metadata["slideshow"]["data"]["timing"] for cell in first_cells]
    assert timings == [38, 38, 38, 38, 60]


# How much fits


def test_a_slide_may_be_full(monkeypatch):
    cells = [prose("One line", "slide"), code("pass", "fragment")]
    for pixels, fits in ((0, True), (1, False)):
        monkeypatch.setattr(slide_cells, "ROOM", sum(map(cell_height, cells)) - pixels)
        assert fit(*cells) == fits


def test_a_slide_has_the_shape_of_a_projector():
    assert 9 * WIDTH == 16 * HEIGHT


@pytest.mark.parametrize(
    ("text", "height"),
    [
        ("# One line", 50 * 1.25 + 14),
        ("## One line", 40 * 1.25 + 14),
        ("### One line", 32 * 1.25 + 14),
        ("#### One line", 32 * 1.25 + 14),
        ("One line", 36.25 + 12),
        ("One line\n\nAnother\n\n<br>", 2 * (36.25 + 12)),
        ("[One](a-long-address) `line`", 36.25 + 12),
        ("- One line\n- Another", 2 * 36.25),
        ("> One line", 36.25 + 12 + 16),
        ("```\nOne line\n\nAnother\n```", 3 * 23.4 + 18 + 12),
        ("| A |\n| --- |\n| 1 |\n| 2 |", 3 * 28.4 + 12),
        # On 1240 pixels: Chinese as wide as it is high, the rest about half as wide.
        ("## " + "长" * 31, 40 * 1.25 + 14),
        ("## " + "长" * 32, 2 * 40 * 1.25 + 14),
        ("长" * 43 + "l" * 12, 36.25 + 12),
        ("长" * 43 + "l" * 13, 2 * 36.25 + 12),
        ("- " + "长" * 41 + "l" * 13, 36.25),
        ("- " + "长" * 46 + "l" * 4, 2 * 36.25),
        ("```\n" + "长" * 61 + "ll\n```", 23.4 + 18 + 12),
        ("```\n" + "长" * 61 + "lll\n```", 2 * 23.4 + 18 + 12),
    ],
)
def test_prose_takes_its_lines_and_what_is_around_them(text, height):
    assert prose_height(text) == pytest.approx(height)
    assert cell_height(prose(text, "slide")) == pytest.approx(height + 6)


@pytest.mark.parametrize(
    ("output", "height"),
    [
        ({"text": "One line\nAnother\n"}, 2 * 23.4),
        ({"data": {"text/plain": "One line"}}, 23.4),
        ({"data": {"text/plain": "One line", "image/png": picture(640, 400)}}, 410 + 12),
        ({"data": {"image/png": picture(2480, 400)}}, 200 + 12),
        ({"data": {"text/html": "<progress></progress>"}}, 40),
        ({"data": {"text/html": f"<tr><td>\n{'l' * 99}</td><td>l</td></tr>"}}, 10 + 23.4),
        ({"data": {"text/html": f"<tr><td>{'l' * 100}</td><td>l</td></tr>"}}, 10 + 2 * 23.4),
        ({"data": {"text/html": "<progress><tr>\n<td>1</tr><tr><td>2</tr>"}}, 40 + 2 * 33.4),
    ],
)
def test_an_output_comes_below_its_code_unless_the_code_is_left_out(output, height):
    cell = code("print()\npass", "slide")
    assert cell_height(cell) == pytest.approx(2 * 23.4 + 18 + 12)
    cell.outputs = [nbformat.from_dict(output)] * 2
    assert cell_height(cell) == pytest.approx(2 * 23.4 + 18 + 12 + 2 * height + 12)
    cell.metadata["transient"] = {"remove_source": True}
    assert cell_height(cell) == pytest.approx(2 * height + 12)


# The pages


def test_a_cell_without_metadata_is_refused_by_its_name(tmp_path, monkeypatch):
    path = tmp_path / "07_train.ipynb"
    nbformat.write(notebook(TITLE, nbformat.v4.new_code_cell("x", id="load")), path)
    monkeypatch.setattr("course.publish.slides.PROJECT", tmp_path)
    with pytest.raises(SystemExit, match=r"07_train\.ipynb: no slide metadata in load"):
        read(path)


def test_a_deck_asks_for_its_own_files_only_and_shows_a_result_as_a_step():
    page = deck_page(notebook(TITLE, code("print(1)", "fragment", printed="1\n")), "zh")
    assert '<html lang="zh">' in page
    assert "<title>07　训练" in page
    assert '<div class="result fragment">' in page
    asked = re.findall(r"""<(?:script|link|img)[^>]* (?:src|href)=["']([^"']*)""", page)
    assert {address.split("/dist/")[0].split("/plugin/")[0] for address in asked} == {REVEAL}


def test_the_list_of_the_decks_has_their_slides_and_minutes():
    decks = {
        "zh": [Deck("zh/07.html", "07　训练", 20, 35.0)],
        "en": [Deck("en/07.html", "07 <Train>", 21, 2.5), Deck("en/08.html", "08", 3, 4.0)],
    }
    page = BeautifulSoup(index_page(decks), "html.parser")
    assert page.html["lang"] == "zh"
    assert page.h1.text == "幻灯片 · Slides"
    rows = {
        section["lang"]: [[cell.text for cell in row(["th", "td"])] for row in section("tr")]
        for section in page("section")
    }
    assert rows == {
        "zh": [["幻灯片", "张数", "分钟"], ["07　训练", "20", "35"]],
        "en": [["deck", "slides", "minutes"], ["07 <Train>", "21", "2.5"], ["08", "3", "4"]],
    }
    addresses = [link["href"] for link in page("a")]
    assert addresses == [deck.path for row in decks.values() for deck in row]


def test_only_a_kernel_shows_a_widget():
    outputs = [nbformat.v4.new_output("display_data", data={WIDGET: {"model_id": "1"}})]
    cell = nbformat.v4.new_code_cell("box", id="box", outputs=outputs)
    assert make_static(notebook(cell)).cells[0].outputs == []
    assert cell.outputs == outputs


def test_a_reveal_js_that_nobody_read_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "package" / "_static" / "revealjs"
    folder.mkdir(parents=True)
    (folder / "LICENSE").write_text("another")
    (tmp_path / "package" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(reveal, "PACKAGE", "package")
    with pytest.raises(SystemExit, match=r"LICENSE is not that of reveal\.js 5\.2\.1"):
        copy_reveal(tmp_path / "slides")


def test_a_missing_reveal_js_is_refused_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr(reveal, "PACKAGE", "no_such_package")
    with pytest.raises(SystemExit, match="run 'python -m course slides', which installs it"):
        copy_reveal(tmp_path)


def test_every_size_that_the_style_uses_is_one_that_the_heights_are_estimated_from():
    style = (TEMPLATE / "course.css").read_text(encoding="utf-8")
    used = set(re.findall(r"var\((--slide-[\w-]+)\)", style))
    assert used == set(re.findall(r"(--slide-[\w-]+):", style_variables()))
