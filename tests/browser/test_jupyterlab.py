"""The notebooks in JupyterLab, as a learner sees them."""

import json
import re

import pytest
from jupyterlab_page import LANGUAGE, LOADING_MILLISECONDS
from playwright.sync_api import expect

from helpers.levels import LEVELS

RUN_MILLISECONDS = 300_000
# Both are the same to JupyterLab: the Chinese ones are opened for their pictures.
in_each_language = pytest.mark.parametrize(
    "language", [LANGUAGE, pytest.param("zh", marks=pytest.mark.slow)]
)


def test_it_opens_at_the_first_notebook_of_the_language(lab, visitor):
    visitor.page.goto(f"{lab.base}/?token={lab.token}")
    title = visitor.page.locator(".jp-Notebook h1").first
    expect(title).to_contain_text("Quick start", timeout=LOADING_MILLISECONDS)
    listed = visitor.page.locator(".jp-DirListing-item")
    first = listed.filter(has_text="00_quickstart.ipynb")
    expect(first).to_be_visible(timeout=LOADING_MILLISECONDS)
    expect(visitor.page.locator(".jp-BreadCrumbs")).to_contain_text(f"/{LANGUAGE}/")
    expect(listed.filter(has_text="12_more_processes.ipynb")).to_be_visible()


def test_no_notice_asks_for_anything(open_notebook, visitor):
    open_notebook("00_quickstart")
    # A notice comes late; what brings it is not even loaded.
    configuration = json.loads(visitor.page.locator("#jupyter-config-data").text_content())
    assert "@jupyterlab/apputils-extension:announcements" in configuration["disabledExtensions"]
    expect(visitor.page.locator(".Toastify__toast, .jp-Dialog")).to_have_count(0)


@in_each_language
def test_random_rows_appear_as_a_table_of_reviews(open_notebook, visitor, language):
    notebook = open_notebook("02_random_display", language)
    notebook.clear_outputs()
    notebook.run_all()
    notebook.wait_for_the_end(RUN_MILLISECONDS)
    assert notebook.failures() == []
    table = notebook.output("show").get_by_role("table")
    expect(table.get_by_role("columnheader", name="text")).to_be_visible()
    rows = table.locator("tbody tr")
    expect(rows).to_have_count(3)
    assert set(rows.locator("td:nth-of-type(1)").all_text_contents()) <= set(LEVELS)
    expect(rows.first.locator("td").last).to_have_css("text-align", "left")
    notebook.show("show")
    visitor.keep_picture("jupyterlab_table", language)


@in_each_language
def test_a_training_shows_a_bar_that_fills_and_a_table_that_grows(open_notebook, visitor, language):
    notebook = open_notebook("00_quickstart", language)
    notebook.clear_outputs()
    notebook.run_all()
    training = notebook.output("train").locator(".jp-OutputArea-child:has(table)").first
    # While it evaluates, there is a second bar below the table.
    bar, epochs = training.locator("progress").first, training.locator("tbody tr")
    expect(epochs.first).to_be_visible(timeout=RUN_MILLISECONDS)
    done, steps = bar.evaluate("bar => [bar.value, bar.max]")
    assert 0 < done < steps
    notebook.show("train")
    visitor.keep_picture("jupyterlab_training", language)
    notebook.wait_for_the_end(RUN_MILLISECONDS)
    assert notebook.failures() == []
    assert float(bar.get_attribute("value")) == steps
    expect(epochs).to_have_count(3)


@in_each_language
def test_the_box_answers_what_is_typed(open_notebook, visitor, language):
    notebook = open_notebook("08_analyze_and_predict", language)
    notebook.clear_outputs()
    notebook.run("load-model", RUN_MILLISECONDS)
    notebook.run("box")
    box = notebook.output("box")
    expect(box).to_contain_text("There is no text to score")
    visitor.page.keyboard.press("Escape")
    box.get_by_placeholder("Type a sentence from a review").click()
    visitor.page.keyboard.type("A moving, funny film.")
    positive = box.get_by_role("row", name=re.compile("^very positive"))
    expect(positive).to_have_text(re.compile(r"^very positive\s*[1-9]\d\.\d%"))
    notebook.show("box-text")
    visitor.keep_picture("jupyterlab_box", language)
    visitor.page.keyboard.press("Control+A")
    visitor.page.keyboard.type("Dull, stupid and far too long.")
    expect(positive).to_have_text(re.compile(r"^very positive\s*[0-5]\.\d%"))
    assert notebook.failures() == []
