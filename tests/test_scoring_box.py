from collections import Counter

import ipywidgets as widgets
import pytest
from bs4 import BeautifulSoup

from helpers.levels import LEVELS
from helpers.plots import COLOURS
from helpers.scoring import Prediction, score
from helpers.scoring_box import prediction_table, scoring_box

TAGS = {"table", "thead", "tbody", "tr", "th", "td", "div", "p"}
ATTACKS = [
    "<script>alert(1)</script>",
    '<img src="x" onerror="alert(1)">',
    "</table><b>bold",
    "&lt;script&gt;",
]


@pytest.fixture
def box(classifier, tokenizer) -> widgets.VBox:
    return scoring_box(classifier, tokenizer)


def read(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def type_text(box: widgets.VBox, text: str) -> BeautifulSoup:
    """Type a text into the box; return what it shows then."""
    box.children[0].value = text
    return read(box.children[1].value)


def texts(page: BeautifulSoup) -> list[str]:
    return list(page.stripped_strings)


def test_before_anything_is_typed_it_asks_for_a_text(box):
    (sentence,) = texts(read(box.children[1].value))
    assert sentence.startswith("There is no text to score: type a sentence")


def test_what_is_typed_is_scored(box, classifier, tokenizer):
    shown = texts(type_text(box, "A moving film."))
    expected = score(classifier, tokenizer, "A moving film.").probabilities
    pairs = [text for name, share in expected.items() for text in (name, f"{share:.1%}")]
    assert shown == ["level", "probability", *pairs]


def test_each_change_is_scored_anew(box, classifier, tokenizer):
    first, second = (texts(type_text(box, text)) for text in ("A moving film.", "Dull noise."))
    assert first != second
    assert f"{score(classifier, tokenizer, 'Dull noise.').probabilities['neutral']:.1%}" in second


def test_an_emptied_box_asks_for_a_text_again(box):
    type_text(box, "A moving film.")
    page = type_text(box, " ")
    assert [tag.name for tag in page(True)] == ["p"]
    assert page.p.get_text().startswith("There is no text to score")


def test_every_row_and_column_has_a_header(box):
    page = type_text(box, "A moving film.")
    scopes = Counter(cell["scope"] for cell in page("th"))
    assert scopes == {"col": 2, "row": len(LEVELS)}


def test_the_bars_are_as_long_as_the_probabilities():
    page = read(prediction_table(Prediction({"bad": 0.25, "good": 0.75}, 3, False, 0)))
    assert [bar["style"] for bar in page("div")] == [
        f"width: {width}em; height: 0.8em; background: {COLOURS[0]}" for width in ("3.00", "9.00")
    ]


@pytest.mark.parametrize("text", ATTACKS)
def test_html_that_is_typed_does_nothing(box, text):
    page = type_text(box, text)
    assert {tag.name for tag in page(True)} <= TAGS
    assert len(page("td")) == 2 * len(LEVELS) + 1
    assert "alert" not in box.children[1].value


@pytest.mark.parametrize("name", ATTACKS)
def test_html_in_the_name_of_a_level_is_shown_and_does_nothing(name):
    page = read(prediction_table(Prediction({name: 1.0}, 3, False, 0)))
    assert {tag.name for tag in page(True)} <= TAGS
    assert name in page.get_text()


def test_it_says_what_was_not_read(box):
    page = type_text(box, "这部电影很好" + " good film" * 5_000)
    assert "only its first 512 tokens were read" in page.p.get_text()
    assert "no token for: 5." in page.p.get_text()
    assert len(page("tr")) == 1 + len(LEVELS)
