"""The website, opened from the disk, on a laptop and on a phone."""

import re

import pytest
from playwright.sync_api import expect
from support.notebooks import in_each_language

WORDS = {"zh": "蓄水池", "en": "reservoir"}
TITLES = {"zh": re.compile("^02　随机显示"), "en": re.compile("^02 Displaying random rows")}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def opened(built_site, visitor):
    """Open a page of the site."""

    def opened(name: str):
        visitor.page.goto((built_site / name).as_uri())
        return visitor.page

    return opened


def search(page, word: str) -> None:
    page.get_by_role("textbox").first.fill(word)
    page.keyboard.press("Enter")


@in_each_language
def test_the_search_finds_a_word_and_leads_to_its_page(opened, visitor, language):
    page = opened(f"{language}/index.html")
    search(page, WORDS[language])
    found = page.locator("#search-results li a", has_text=TITLES[language])
    expect(found).to_be_visible()
    excerpt = page.locator("#search-results li", has_text=TITLES[language]).locator("p.context")
    expect(excerpt).to_contain_text(WORDS[language])
    visitor.keep_picture("site_search", language)
    found.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[language])


@in_each_language
def test_a_word_that_is_nowhere_is_said_to_be_nowhere(opened, language):
    page = opened(f"{language}/index.html")
    search(page, "zyzzyva")
    expect(page.locator("#search-results p")).not_to_be_empty()
    expect(page.locator("#search-results li")).to_have_count(0)


def test_the_page_turns_dark_and_light_by_a_click(opened):
    page = opened("en/07_finetune_bert.html")
    shades = set()
    for _ in range(3):
        page.locator(".theme-toggle:visible").first.click()
        shades.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(shades) == 2


def test_a_button_copies_the_code_of_a_cell(opened, visitor):
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened("en/07_finetune_bert.html")
    cell = page.locator(".cell_input").first
    cell.hover()
    cell.get_by_role("button").click()
    expect(cell.get_by_role("button")).to_have_attribute("data-tooltip", "Copied!")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("from helpers.preprocess import tokenize")


def test_on_a_phone_no_code_is_cut(opened, visitor):
    visitor.page.set_viewport_size(PHONE)
    page = opened("en/07_finetune_bert.html")
    cut = page.locator(".cell_input pre").evaluate_all(
        "blocks => blocks.filter((block) => block.scrollWidth > block.clientWidth).length"
    )
    assert cut == 0


@in_each_language
def test_no_page_is_wider_than_a_phone(built_site, opened, visitor, language):
    visitor.page.set_viewport_size(PHONE)
    wide = []
    for path in sorted((built_site / language).glob("*.html")):
        page = opened(f"{language}/{path.name}")
        if page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
            wide.append(path.name)
    assert wide == []
