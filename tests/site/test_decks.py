"""The decks are the slides of the notebooks, and need nothing from elsewhere."""

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag
from nbformat import NotebookNode
from support.notebooks import IN_EACH_LANGUAGE, in_both_languages

from course.publish.slide_cells import find_slides, slide_type

MINUTES = {"zh": "分钟", "en": "min"}


@pytest.fixture
def notebook(path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


@pytest.fixture
def page(path, slides) -> BeautifulSoup:
    return slides.page(f"{path.parent.name}/{path.stem}.html")


def stacks(page: BeautifulSoup) -> list[Tag]:
    """The slides, each with its subslides."""
    return page.select_one(".slides").find_all("section", recursive=False)


def test_nothing_is_loaded_from_elsewhere(slides):
    assert slides.outside() == []


def test_everything_that_is_loaded_is_there(slides):
    assert slides.broken(slides.loaded()) == []


def test_every_link_leads_somewhere(slides):
    assert slides.broken(slides.links()) == []


def test_the_index_links_every_deck(slides):
    linked = [tag["href"] for tag in slides.page("index.html").find_all("a")]
    assert linked == [f"{path.parent.name}/{path.stem}.html" for path in IN_EACH_LANGUAGE]


@in_both_languages
def test_a_deck_is_as_wide_as_the_screen(page):
    assert "width=device-width" in page.select_one('head meta[name="viewport"]')["content"]


@in_both_languages
def test_there_is_a_slide_for_each_cell_that_begins_one(notebook, page):
    begins = [cell for cell in notebook.cells if slide_type(cell) == "slide"]
    assert len(stacks(page)) == len(begins)


@in_both_languages
def test_there_is_a_subslide_for_each_that_the_cells_make(notebook, page):
    found = [len(stack.find_all("section", recursive=False)) for stack in stacks(page)]
    assert sum(found) == len(find_slides(notebook))


@in_both_languages
def test_the_notes_of_each_slide_begin_with_its_minutes(path, notebook, page):
    minutes = [cell.metadata["minutes"] for cell in notebook.cells if "minutes" in cell.metadata]
    noted = [stack.select_one("aside.notes strong").get_text() for stack in stacks(page)]
    assert noted == [f"{number:g} {MINUTES[path.parent.name]}" for number in minutes]


@in_both_languages
def test_the_clock_of_the_speaker_has_the_same_minutes(notebook, page):
    total = sum(slide.minutes or 0 for slide in find_slides(notebook))
    sections = [section for stack in stacks(page) for section in stack.find_all("section")]
    seconds = sum(int(section["data-timing"]) for section in sections)
    assert seconds / 60 == pytest.approx(total, rel=0.05)


@in_both_languages
def test_no_answer_is_on_a_slide(page):
    assert page.select(".slides details") == []


@in_both_languages
def test_every_picture_is_described(page):
    pictures = page.select(".slides img")
    assert [picture for picture in pictures if not picture.get("alt", "").strip()] == []


@in_both_languages
def test_what_a_cell_prints_is_on_its_slide(notebook, page):
    shown = page.select_one(".slides").get_text()
    for cell in notebook.cells:
        if cell.cell_type == "code" and slide_type(cell) != "skip":
            for output in cell.outputs:
                assert output.get("text", "").strip() in shown, cell.id
