from collections import Counter
from html.parser import HTMLParser

import ipywidgets as widgets
import pytest

from helpers.levels import LEVELS
from helpers.scoring import Prediction, score
from helpers.scoring_box import prediction_table, scoring_box

TAGS = {"table", "thead", "tbody", "tr", "th", "td", "div", "p"}
ATTACKS = [
    "<script>alert(1)</script>",
    '<img src="x" onerror="alert(1)">',
    "</table><b>bold",
    "&lt;script&gt;",
]


class Page(HTMLParser):
    """The tags, the attributes and the texts of a piece of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.texts = Counter(), [], []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.tags[tag] += 1
        self.attributes += attributes

    def handle_data(self, text: str) -> None:
        self.texts.append(text)


@pytest.fixture
def box(classifier, tokenizer) -> widgets.VBox:
    return scoring_box(classifier, tokenizer)


def type_text(box: widgets.VBox, text: str) -> Page:
    """Type a text into the box; return what it shows then."""
    box.children[0].value = text
    return Page(box.children[1].value)


def test_before_anything_is_typed_it_asks_for_a_text(box):
    (sentence,) = Page(box.children[1].value).texts
    assert sentence.startswith("There is no text to score: type a sentence")


def test_what_is_typed_is_scored(box, classifier, tokenizer):
    shown = type_text(box, "A moving film.").texts
    expected = score(classifier, tokenizer, "A moving film.").probabilities
    pairs = [text for name, share in expected.items() for text in (name, f"{share:.1%}")]
    assert shown == ["level", "probability", *pairs]


def test_each_change_is_scored_anew(box, classifier, tokenizer):
    first, second = (type_text(box, text).texts for text in ("A moving film.", "Dull noise."))
    assert first != second
    assert f"{score(classifier, tokenizer, 'Dull noise.').probabilities['neutral']:.1%}" in second


def test_an_emptied_box_asks_for_a_text_again(box):
    type_text(box, "A moving film.")
    page = type_text(box, " ")
    assert page.tags == {"p": 1}
    assert page.texts[0].startswith("There is no text to score")


def test_every_row_and_column_has_a_header(box):
    page = type_text(box, "A moving film.")
    scopes = Counter(value for name, value in page.attributes if name == "scope")
    assert scopes == {"col": 2, "row": len(LEVELS)}


def test_the_bars_are_as_long_as_the_probabilities():
    page = Page(prediction_table(Prediction({"bad": 0.25, "good": 0.75}, 3, False, 0)))
    styles = [value for name, value in page.attributes if name == "style" and "width" in value]
    assert [style.split(";")[0] for style in styles] == ["width: 3.00em", "width: 9.00em"]


@pytest.mark.parametrize("text", ATTACKS)
def test_html_that_is_typed_does_nothing(box, text):
    page = type_text(box, text)
    assert set(page.tags) <= TAGS
    assert page.tags["td"] == 2 * len(LEVELS) + 1
    assert "alert" not in box.children[1].value


@pytest.mark.parametrize("name", ATTACKS)
def test_html_in_the_name_of_a_level_is_shown_and_does_nothing(name):
    page = Page(prediction_table(Prediction({name: 1.0}, 3, False, 0)))
    assert set(page.tags) <= TAGS
    assert name in "".join(page.texts)


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("good film " * 5_000, "only its first 512 tokens were read"),
        ("🎉 wow", "no token for: 1."),
        ("这部电影很好", "no token for: 5."),
    ],
    ids=["ten thousand words", "emoji", "Chinese"],
)
def test_it_says_what_was_not_read(box, text, remark):
    page = type_text(box, text)
    assert page.tags["p"] == 1
    assert remark in page.texts[-1]
    assert page.tags["tr"] == 1 + len(LEVELS)
