"""The pages for readers say the same in both languages."""

import json
from pathlib import Path

import pytest
from support.prose import (
    CHINESE,
    GLOSSARY,
    code_blocks,
    code_spans,
    differing_numbers,
    foreign_links,
    in_english,
    links,
    outline,
    parse,
    plain,
    written,
)

from course.notebooks.languages import digest
from course.notebooks.pages import chinese, confirm, unconfirmed
from helpers.environment import PROJECT

# The glossary is one page for both.
ALL = [*PROJECT.glob("README*.md"), *(PROJECT / "docs").glob("*.md")]
ENGLISH = sorted(path for path in ALL if ".zh-CN" not in path.name and path != GLOSSARY)
# What an English page may say in Chinese: the name of the document, and of the language.
# Chinese is what the commands do when no language is named.
ENGLISH_ONLY = " --language en"
NAMES = ("模型微调入门", "中文")

each_page = pytest.mark.parametrize("page", ENGLISH, ids=lambda path: path.name)


def both(page: Path) -> tuple[str, str]:
    return page.read_text(encoding="utf-8"), chinese(page).read_text(encoding="utf-8")


def without_its_first_link(text: str) -> str:
    """The text without the link to the page in the other language."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("[中文](", "[English](")))


def test_every_page_is_there_in_both_languages():
    assert {path for path in ALL if ".zh-CN" in path.name} == {chinese(page) for page in ENGLISH}


@each_page
def test_each_page_begins_with_a_link_to_the_other(page):
    texts = both(page)
    targets = (chinese(page).name, page.name)
    for text, label, target in zip(texts, ("中文", "English"), targets, strict=True):
        assert text.splitlines()[2] == f"[{label}]({target})"


@each_page
def test_the_headings_lists_tables_and_code_come_in_the_same_order(page):
    english, translated = both(page)
    assert outline(english) == outline(translated)


@each_page
def test_the_code_is_the_same(page):
    english, translated = both(page)
    assert code_blocks(english.replace(ENGLISH_ONLY, "")) == code_blocks(translated)


@each_page
def test_the_same_names_and_commands_stand_in_backticks(page):
    english, translated = both(page)
    english = english.replace(ENGLISH_ONLY, "")
    assert code_spans(english) == code_spans(translated.replace(".zh-CN.md", ".md"))


@each_page
def test_each_section_states_the_same_numbers_outside_backticks(page):
    english, translated = (text.split("\n#") for text in both(page))
    pairs = zip(translated, english, strict=True)
    assert [found for pair in pairs if (found := differing_numbers(*pair))] == []


@each_page
def test_the_links_are_the_same_and_stay_in_their_language(page):
    english, translated = map(without_its_first_link, both(page))
    assert in_english(english) == in_english(translated)
    assert foreign_links(english, "en", page.parent) == []
    assert foreign_links(translated, "zh", page.parent) == []


@each_page
def test_every_link_to_a_file_leads_somewhere(page):
    for path, text in zip((page, chinese(page)), both(page), strict=True):
        targets = [target.split("#")[0] for target in links(text) if "//" not in target]
        assert [target for target in targets if not (path.parent / target).exists()] == []


@each_page
def test_an_english_page_is_in_english(page):
    text = written(page.read_text(encoding="utf-8"))
    for name in NAMES:
        text = text.replace(name, "")
    assert CHINESE.findall(text) == []


@each_page
def test_no_paragraph_of_a_chinese_page_is_left_in_english(page):
    text = chinese(page).read_text(encoding="utf-8")
    kinds = ("paragraph", "heading", "list")
    blocks = [plain(token) for token in parse(text) if token["type"] in kinds]
    blocks.remove("English")
    assert [block for block in blocks if not CHINESE.search(block)] == []


def test_the_card_of_the_data_has_a_summary_in_chinese():
    text = (PROJECT / "data" / "reviews" / "README.md").read_text(encoding="utf-8")
    _, _, summary = text.partition("\n## 中文摘要\n")
    assert len(CHINESE.findall(summary)) > 50


def test_each_page_says_what_a_translator_confirmed():
    """A number or a word that is changed in one language only contradicts the other."""
    assert unconfirmed() == [], "compare both languages, then run 'course translated pages'"


def test_a_change_in_either_language_is_noticed_until_it_is_confirmed(tmp_path):
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "README.zh-CN.md", "docs/glossary.md"):
        (tmp_path / name).write_text("above", encoding="utf-8")
    assert confirm(tmp_path) == ["README.md", "docs/glossary.md"]
    assert unconfirmed(tmp_path) == []
    (tmp_path / "README.zh-CN.md").write_text("below", encoding="utf-8")
    assert unconfirmed(tmp_path) == ["README.md"]
    assert confirm(tmp_path) == ["README.md"]
    assert unconfirmed(tmp_path) == []
    recorded = {"README.md": digest("above\nbelow"), "docs/glossary.md": digest("above")}
    text = (tmp_path / "docs" / "translated.json").read_text(encoding="utf-8")
    assert text == json.dumps(recorded, indent=1) + "\n"
