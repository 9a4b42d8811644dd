"""The quizzes teach what is so: a test runs a proof of what their choices say."""

import re
from collections import Counter
from functools import cache

import ipywidgets
import pytest
from support.prose import CHINESE, code_spans

from course.notebooks.closing_cells import question_text
from course.notebooks.execute import find_notebooks
from helpers import check
from helpers.check.quizzes import QUIZZES, Question, quiz_box, read_quiz, to_html

NUMBERS = sorted(path.stem for path in QUIZZES.glob("*.toml"))
ASKED = [
    pytest.param(number, question, id=f"{number}-{place}")
    for number in NUMBERS
    for place, question in enumerate(read_quiz(number).questions, start=1)
]

each_quiz = pytest.mark.parametrize("number", NUMBERS)
each_question = pytest.mark.parametrize(("number", "question"), ASKED)


def texts(question: Question, language: str) -> list[str]:
    """Everything that a question says in a language."""
    parts = [question.text, *(part for one in question.choices for part in (one.text, one.why))]
    return [part[language] for part in parts]


@cache
def prepared(number: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(read_quiz(number).setup, names)
    return names


def test_every_notebook_ends_in_a_quiz_of_five_questions():
    assert [path.stem[:2] for path in find_notebooks()] == NUMBERS
    assert {number: len(read_quiz(number).questions) for number in NUMBERS} == dict.fromkeys(
        NUMBERS, 5
    )


@each_question
def test_what_is_said_of_an_api_or_a_number_is_so(number, question):
    assert question.proof.strip()
    exec(question.proof, dict(prepared(number)))


@each_question
def test_one_choice_of_three_or_four_is_right(number, question):
    assert 3 <= len(question.choices) <= 4
    assert sum(choice.is_right for choice in question.choices) == 1


@each_question
def test_both_languages_say_it_all_and_say_the_same(number, question):
    assert all(CHINESE.search(text) for text in texts(question, "zh")[::2][1:] if text)
    assert [text for text in texts(question, "en") if CHINESE.search(text)] == []
    pairs = zip(texts(question, "zh"), texts(question, "en"), strict=True)
    for chinese, english in pairs:
        assert chinese
        assert code_spans(chinese) == code_spans(english)


def test_the_right_choice_stands_anywhere_and_is_not_told_by_its_length():
    places, longest = Counter(), 0
    for parameters in ASKED:
        choices = parameters.values[1].choices
        lengths = [len(choice.text["en"]) for choice in choices]
        right = next(place for place, choice in enumerate(choices) if choice.is_right)
        places[right] += 1
        longest += lengths[right] == max(lengths)
    assert all(places[place] >= len(ASKED) / 5 for place in range(3)), places
    assert longest <= len(ASKED) / 2, longest


@each_question
def test_nothing_in_a_question_is_read_as_other_markup(number, question):
    for language in ("zh", "en"):
        for text in texts(question, language):
            # Outside code, a box shows text as it is, and so should Markdown.
            assert not re.search(r"[*_<>\[\]]", re.sub(r"`[^`]+`", "", text)), text


def buttons(box: ipywidgets.VBox) -> list[ipywidgets.Button]:
    return [row.children[0] for row in box.children if isinstance(row, ipywidgets.HBox)]


@each_quiz
def test_a_click_says_why_in_the_notebook_s_language(number):
    asked = read_quiz(number)
    for language in ("zh", "en"):
        *boxes, score = quiz_box(asked, language).children
        for box, question in zip(boxes, asked.questions, strict=True):
            for button, choice in zip(buttons(box), question.choices, strict=True):
                button.click()
                assert to_html(choice.why[language]) in box.children[-1].value
                assert ("✓" in box.children[-1].value) == choice.is_right
        assert "5" in score.value


def test_the_score_counts_first_tries_only():
    asked = read_quiz("03")
    *boxes, score = quiz_box(asked, "en").children
    for box, question in zip(boxes, asked.questions, strict=True):
        assert score.value == ""
        right = next(place for place, choice in enumerate(question.choices) if choice.is_right)
        for place in (0, right):
            buttons(box)[place].click()
    first = sum(question.choices[0].is_right for question in asked.questions)
    assert f"Right at the first try: {first} of 5" in score.value


def test_a_button_says_its_choice_to_those_who_do_not_see_it():
    asked = read_quiz("03")
    box = quiz_box(asked, "en").children[0]
    spoken = [button.tooltip for button in buttons(box)]
    assert spoken == [choice.text["en"].replace("`", "") for choice in asked.questions[0].choices]


def test_what_a_notebook_stores_of_a_quiz_is_the_same_in_both_languages():
    bundle = check.quiz("03")._repr_mimebundle_()
    assert bundle["text/plain"] == "quiz 03"
    assert "application/vnd.jupyter.widget-view+json" in bundle


@pytest.mark.parametrize(
    ("setting", "language"), [("zh", "zh"), ("en", "en"), ("", "en")], ids=["zh", "en", "not known"]
)
def test_where_one_language_is_shown_a_quiz_speaks_it(setting, language, monkeypatch):
    monkeypatch.setenv("COURSE_LANG", setting)
    asked = read_quiz("03").questions[0].choices[0].text[language]
    spoken = buttons(check.quiz("03").box.children[0])[0].tooltip
    assert spoken == asked.replace("`", "")


@each_question
def test_without_a_widget_every_reason_unfolds_below_its_choice(number, question):
    shown = question_text(1, question, "en")
    assert shown.count("<details>") == shown.count("</details>") == len(question.choices)
    for choice in question.choices:
        assert choice.why["en"] in shown


def test_an_unknown_notebook_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"Notebook '3' has no quiz: pass one of 00, 01"):
        check.quiz("3")
