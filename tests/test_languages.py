"""The English notebooks are the Chinese ones, and both follow the glossary."""

import json
from collections.abc import Callable

import pytest
from nbformat import NotebookNode
from support.notebooks import in_each_language
from support.prose import (
    CHINESE,
    TERMS,
    TITLES,
    code_blocks,
    code_spans,
    differing_numbers,
    fixed_words,
    foreign_links,
    in_english,
    outline,
    plain,
    tokens,
    written,
)

from course.notebooks.execute import find_notebooks
from course.notebooks.languages import ORIGINAL, TRANSLATION, notebook_folder
from course.notebooks.sync import DIGEST, apply_source, prose_cells, read_translation, stale
from helpers.environment import PROJECT

NAMES = [path.stem for path in find_notebooks()]

each_notebook = pytest.mark.parametrize("name", NAMES)


def read(name: str, language: str) -> NotebookNode:
    return read_translation(notebook_folder(language) / f"{name}.ipynb")


def both(name: str) -> tuple[NotebookNode, NotebookNode]:
    return read(name, ORIGINAL), read(name, TRANSLATION)


def translated(name: str) -> list[tuple[str, str, str]]:
    """The prose that is translated: place, Chinese text, English text."""
    chinese, english = map(prose_cells, both(name))
    return [
        (f"{name}: {key}", chinese[key].source, cell.source)
        for key, cell in english.items()
        if key in chinese and cell.source.strip()
    ]


def differing(name: str, read_from: Callable[[str], object]) -> list[str]:
    """The translated cells in which what is read from the two texts is not the same."""
    return [
        f"{place}: {read_from(chinese)} became {read_from(english)}"
        for place, chinese, english in translated(name)
        if read_from(chinese) != read_from(english)
    ]


def assert_none(found: list[str]) -> None:
    """Fail with every line: an assert would show the first few."""
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def terms(chinese: str) -> list[str]:
    """The glossary's terms that a Chinese text uses, none of them as a part of a longer one."""
    found = []
    for term in sorted(TERMS, key=len, reverse=True):
        # A single character also stands in many other words.
        if len(term) > 1 and term in chinese:
            found.append(term)
            chinese = chinese.replace(term, " ")
    return found


def test_there_is_the_same_notebook_in_each_language():
    names = [path.stem for path in sorted(notebook_folder(TRANSLATION).glob("*.ipynb"))]
    assert names == NAMES


@each_notebook
def test_but_for_the_prose_both_are_the_same_to_the_letter(name):
    """Cells, their order, code, outputs, tags, attachments: what `sync` takes from the Chinese."""
    chinese, english = both(name)
    synced = apply_source(chinese, english)
    synced.metadata[DIGEST] = english.metadata[DIGEST]
    known = {cell.id: cell for cell in english.cells}
    assert_none([f"{name}: {c.id}" for c in synced.cells if known.get(c.id) != c])
    assert synced == english, "run 'python -m course sync'"


@each_notebook
def test_every_translation_is_one_of_today_s_text(name):
    waiting = stale(*both(name))
    assert_none([f"{name}: {key}: {reason}" for key, reason in waiting.items()])


@each_notebook
def test_chinese_prose_is_chinese(name):
    prose = prose_cells(read(name, "zh"))
    assert_none([f"{name}: {key}" for key in prose if not CHINESE.search(prose[key].source)])


@each_notebook
def test_english_prose_has_chinese_in_backticks_only(name):
    prose = prose_cells(read(name, "en"))
    found = {f"{name}: {key}": CHINESE.findall(written(prose[key].source)) for key in prose}
    assert_none([f"{place}: {''.join(signs)}" for place, signs in found.items() if signs])


@each_notebook
def test_code_and_what_it_prints_are_english(name):
    cells = [cell for cell in read(name, ORIGINAL).cells if cell.cell_type == "code"]
    texts = {f"{name}: {cell.id}": json.dumps(cell, ensure_ascii=False) for cell in cells}
    assert_none([place for place, text in texts.items() if CHINESE.search(text)])


def test_helpers_speak_english():
    # The checks of the exercises answer a learner in both languages.
    checks = PROJECT / "helpers" / "check"
    modules = [
        path for path in sorted((PROJECT / "helpers").rglob("*.py")) if checks not in path.parents
    ]
    # It knows what the columns of a Chinese table are called.
    modules.remove(PROJECT / "helpers" / "own_data.py")
    assert [path for path in modules if CHINESE.search(path.read_text(encoding="utf-8"))] == []


@each_notebook
def test_a_translation_has_the_headings_lists_tables_and_boxes_of_its_text(name):
    assert_none(differing(name, outline))


@each_notebook
def test_a_translation_quotes_the_same_numbers_and_names_in_backticks(name):
    found = [
        f"{place}: `{span}`"
        for place, chinese, english in translated(name)
        for span in sorted(code_spans(chinese) ^ code_spans(english))
    ]
    assert_none(found)


@each_notebook
def test_a_translation_states_the_same_numbers_outside_backticks(name):
    """A number is in digits in both languages, or in words in both."""
    found = {place: differing_numbers(*texts) for place, *texts in translated(name)}
    assert_none([f"{place}: {numbers}" for place, numbers in found.items() if numbers])


@each_notebook
def test_a_translation_shows_the_same_code(name):
    assert_none(differing(name, code_blocks))


@each_notebook
def test_a_translation_links_to_the_same_pages(name):
    assert_none(differing(name, in_english))


@in_each_language
@each_notebook
def test_links_stay_in_their_language(name, language):
    prose = prose_cells(read(name, language))
    folder = notebook_folder(language)
    found = {f"{name}: {key}": foreign_links(prose[key].source, language, folder) for key in prose}
    assert_none([f"{place}: {', '.join(targets)}" for place, targets in found.items() if targets])


@in_each_language
@each_notebook
def test_the_title_is_the_glossary_s(name, language):
    number = name[:2]
    assert number in TITLES, f"{name}: add its title to docs/glossary.md"
    first, *_ = prose_cells(read(name, language)).values()
    title = next(tokens(first.source, "heading"), {"raw": ""})
    space = {"zh": "　", "en": " "}[language]
    wanted = f"{number}{space}{TITLES[number][language]}"
    assert plain(title).startswith(wanted), f"{name}: title: the glossary has {wanted!r}"


@each_notebook
def test_a_translation_has_the_glossary_s_fixed_words(name):
    assert_none(differing(name, fixed_words))


@each_notebook
def test_a_translation_uses_the_glossary_s_terms(name):
    english = " ".join(text for _, _, text in translated(name)).lower()
    missing = [
        f"{place}: {term} is {TERMS[term][0]!r} in the glossary"
        for place, chinese, _ in translated(name)
        for term in terms(written(chinese))
        if not any(form.lower() in english for form in TERMS[term])
    ]
    assert_none(missing)
