"""The website has the whole series in both languages, and opens from disk."""

import itertools
import json
import re
import runpy

import nbformat
from support.notebooks import in_both_languages, in_each_language

from course.notebooks.languages import LANGUAGES
from course.publish.site import CONFIGURATION
from course.publish.site_pages import find_pages


def index(site, language: str) -> dict:
    """The search index, as the page of results loads it."""
    text = (site.root / language / "searchindex.js").read_text(encoding="utf-8")
    return json.loads(re.fullmatch(r"Search\.setIndex\((.*)\)", text.strip())[1])


def found(site, language: str, terms: list[str]) -> set[str]:
    """The pages that have all of the terms in the search index."""
    data = index(site, language)
    pages = []
    for term in terms:
        numbers = []
        for table in (data["terms"], data["titleterms"]):
            entry = table.get(term, [])
            numbers += entry if isinstance(entry, list) else [entry]
        pages.append({data["docnames"][number] for number in numbers})
    return set.intersection(*pages)


def test_nothing_is_loaded_from_elsewhere(site):
    assert site.outside() == []


def test_everything_that_is_loaded_is_there(site):
    assert site.broken(site.loaded()) == []


def test_every_link_and_every_anchor_leads_somewhere(site):
    assert site.broken(site.links()) == []


@in_both_languages
def test_every_notebook_has_a_page_with_its_title(path, site):
    title = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0].lstrip("# ")
    heading = site.page(f"{path.parent.name}/{path.stem}.html").h1.get_text()
    assert heading.rstrip("#¶") == title.replace("`", "").replace("'", "’")


@in_each_language
def test_next_goes_through_every_page_and_previous_back(language, site):
    pages = [path.stem for path in find_pages(language).notebooks]
    texts = [name for name in find_pages(language).texts if name != "index"]
    order = ["index", "try", *pages, *texts]
    for here, there in itertools.pairwise(order):
        onward = site.page(f"{language}/{here}.html").select_one("a.next-page")
        back = site.page(f"{language}/{there}.html").select_one("a.prev-page")
        assert onward["href"] == f"{there}.html"
        assert back["href"] in (f"{here}.html", "#")


@in_both_languages
def test_the_first_page_names_every_notebook_with_its_minutes(path, site):
    cards = site.page(f"{path.parent.name}/index.html").select(".cards li")
    (card,) = [card for card in cards if card.a["href"] == f"{path.stem}.html"]
    opening = nbformat.read(path, as_version=4).cells[0].source
    minutes = re.search(r"阅读约 (\d+) 分钟|about (\d+) minutes to read", opening)
    title = opening.splitlines()[0].lstrip("# ")
    assert title.startswith(card.a.get_text().replace("’", "'"))
    assert f"{minutes[1] or minutes[2]} " in card.get_text()


@in_each_language
def test_every_page_with_a_text_is_described(language, site):
    for path, page in site.pages.items():
        if path.parent.name == language and path.stem != "search":
            assert page.select_one('meta[name="description"]')["content"], path.name


@in_both_languages
def test_every_notebook_can_be_downloaded(path, site):
    page = site.page(f"{path.parent.name}/{path.stem}.html")
    link = page.select_one(f'a.download[href$="{path.name}"]')
    assert (site.root / path.parent.name / link["href"]).read_bytes() == path.read_bytes()


@in_each_language
def test_every_page_leads_to_the_same_page_in_the_other_language(language, site):
    (other,) = set(LANGUAGES) - {language}
    for path, page in site.pages.items():
        if path.parent.name == language:
            link = page.select_one(".language a")
            assert link["href"] == f"../{other}/{path.name}"
            assert link["lang"] == other


@in_each_language
def test_every_page_says_its_language(language, site):
    for path, page in site.pages.items():
        if path.parent.name == language:
            assert page.html["lang"].split("-")[0] == language


@in_both_languages
def test_every_code_cell_is_there_with_what_it_prints(path, site):
    shown = site.page(f"{path.parent.name}/{path.stem}.html").article.get_text()
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.source in shown, cell.id
            for output in cell.outputs:
                assert output.get("text", "").strip() in shown, cell.id


@in_both_languages
def test_every_picture_of_a_notebook_is_described(path, site):
    pictures = site.page(f"{path.parent.name}/{path.stem}.html").select("article img")
    assert [picture for picture in pictures if not picture.get("alt", "").strip()] == []


def test_a_chinese_word_is_found_by_its_pairs_of_characters(site):
    assert "02_random_display" in found(site, "zh", ["蓄水", "水池", "池抽", "抽样"])
    assert "03_preprocess" in found(site, "zh", ["动态", "态填", "填充"])


def test_a_page_is_indexed_by_words_characters_and_pairs():
    configuration = runpy.run_path(str(CONFIGURATION / "conf.py"))
    search = configuration["SearchChinese"]({})
    assert search.split("用 map_x 填充词（3）") == (
        ["用", "map_x", "填", "充", "词", "填充", "充词", "3"]
    )


@in_each_language
def test_an_english_word_is_found_in_both_languages(language, site):
    assert "03_preprocess" in found(site, language, ["token"])


def test_the_browser_splits_a_query_as_the_index_was(site):
    script = (site.root / "zh" / "_static" / "language_data.js").read_text(encoding="utf-8")
    assert "var splitQuery = (query) => {" in script
    assert "&gt;" not in script
    assert "window.Stemmer = EnglishStemmer;" in script


@in_each_language
def test_a_page_fits_a_phone_and_can_be_dark(language, site):
    page = site.page(f"{language}/07_finetune_bert.html")
    assert "width=device-width" in page.select_one('meta[name="viewport"]')["content"]
    assert page.select_one("button.theme-toggle") is not None


@in_each_language
def test_no_script_runs_that_a_review_brought(language, site):
    for path, page in site.pages.items():
        if path.parent.name == language:
            assert page.select("article script") == []
            assert [tag for tag in page.select("article *") if tag.has_attr("onerror")] == []
