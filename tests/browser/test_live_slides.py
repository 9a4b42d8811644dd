"""Slides whose code runs, as `python -m course rise` shows them in JupyterLab.

The extension writes errors to the console of JupyterLab 4.6, so only what a person sees counts.
"""

from collections.abc import Iterator

import pytest
from jupyterlab_page import LANGUAGE, LOADING_MILLISECONDS, NotebookPage
from playwright.sync_api import Browser, Page, expect
from support.running_lab import Lab, running_lab
from visitor import Visitor

DECK = "02_random_display"


@pytest.fixture(scope="module")
def lab(copied_project, tmp_path_factory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("home")
    with running_lab(home, copied_project, LANGUAGE, name="rise") as running:
        yield running


@pytest.fixture
def deck(chromium: Browser, lab: Lab) -> Iterator[Page]:
    """The first slide."""
    visitor = Visitor(chromium)
    page = visitor.page
    page.goto(f"{lab.base}/rise/{LANGUAGE}/{DECK}.ipynb?token={lab.token}")
    heading = on_the_screen(page).get_by_role("heading", level=1)
    expect(heading).to_be_visible(timeout=LOADING_MILLISECONDS)
    # Before that it hears no key.
    expect(page.locator(".reveal.ready")).to_be_attached(timeout=LOADING_MILLISECONDS)
    yield page
    visitor.context.close()
    assert visitor.outside == []


def on_the_screen(page: Page):
    """The slide that is shown."""
    return page.locator(".slides > section.present")


def test_the_space_bar_turns_to_the_next_slide(deck):
    deck.keyboard.press("Space")
    expect(on_the_screen(deck)).to_contain_text("Prepare the data")


def test_the_code_of_a_slide_runs(deck):
    deck.keyboard.press("Space")
    deck.keyboard.press("Space")
    cell = on_the_screen(deck).locator(".jp-CodeCell")
    cell.locator(".cm-content").click()
    deck.keyboard.press("Control+End")
    deck.keyboard.insert_text('\nprint("run", 6 * 7)')
    # Shift+Enter would turn to the next slide.
    deck.keyboard.press("Control+Enter")
    expect(cell.locator(".jp-OutputArea")).to_contain_text("run 42", timeout=LOADING_MILLISECONDS)


def test_a_notebook_has_the_button(lab, chromium):
    visitor = Visitor(chromium)
    NotebookPage(visitor.page, lab, DECK)
    button = visitor.page.get_by_title("Render the current notebook as Reveal Slideshow")
    expect(button.first).to_be_visible()
    visitor.context.close()
    assert visitor.outside == []
