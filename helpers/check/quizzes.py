"""The quiz at the end of a notebook: its questions, and a box to answer them in."""

import re
import tomllib
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from helpers.check.language import spoken_languages
from helpers.environment import PROJECT

if TYPE_CHECKING:
    from ipywidgets import VBox

# One TOML file for each notebook.
QUIZZES = PROJECT / "exercises" / "quizzes"
LETTERS = "ABCDEF"
WORDS = {
    "zh": {"right": "✓ 对。", "wrong": "✗ 不对。", "score": "{} 道题，第一次就答对 {} 道。"},
    "en": {"right": "✓ Right. ", "wrong": "✗ No. ", "score": "Right at the first try: {1} of {0}."},
}


@dataclass(frozen=True)
class Choice:
    """A choice of a question.

    Attributes:
        text: what it says, by language.
        why: why it is right or wrong, by language.
        is_right: whether it is the right one.
    """

    text: dict[str, str]
    why: dict[str, str]
    is_right: bool


@dataclass(frozen=True)
class Question:
    """A question with its choices.

    Attributes:
        text: the question in Markdown, by language.
        code: code that it asks about; empty if there is none.
        choices: of which one is right.
        proof: Python that fails if something said of an API or a number is not so; a test runs it.
    """

    text: dict[str, str]
    code: str
    choices: tuple[Choice, ...]
    proof: str


@dataclass(frozen=True)
class Quiz:
    """The questions of a notebook.

    Attributes:
        questions: in order.
        setup: Python that the proofs build on.
    """

    questions: tuple[Question, ...]
    setup: str


def read_quiz(notebook: str) -> Quiz:
    """Read the questions of a notebook.

    Args:
        notebook: its number, such as `03`.

    Raises:
        ValueError: if that notebook has no quiz.
    """
    path = QUIZZES / f"{notebook}.toml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in QUIZZES.glob("*.toml")))
        raise ValueError(f"Notebook {notebook!r} has no quiz: pass one of {known}.")
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return Quiz(tuple(map(_question, content["question"])), content.get("setup", ""))


def _question(entry: dict[str, Any]) -> Question:
    choices = tuple(
        Choice(
            {language: choice[language] for language in WORDS},
            {language: choice[f"why_{language}"] for language in WORDS},
            choice.get("right", False),
        )
        for choice in entry["choice"]
    )
    text = {language: entry[language] for language in WORDS}
    return Question(text, entry.get("code", "").strip("\n"), choices, entry.get("proof", ""))


class Shown:
    """A quiz in a notebook: a box where there are widgets, and its name elsewhere."""

    def __init__(self, notebook: str, box: "VBox") -> None:
        """Keep the box to display."""
        self.notebook, self.box = notebook, box

    def __repr__(self) -> str:
        """Name the quiz in words that are the same in every language."""
        return f"quiz {self.notebook}"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle = self.box._repr_mimebundle_(**options)
        return {**bundle, "text/plain": repr(self)}


def quiz(notebook: str) -> Shown:
    """Return the quiz of a notebook, which Jupyter draws as a box to click in.

    A click on a choice says why it is right or wrong. Every choice is a button, so that the Tab key
    and Enter do as well. The questions also stand in the notebook, for reading without a kernel.

    Args:
        notebook: its number, such as `03`.

    Raises:
        ValueError: if that notebook has no quiz.
    """
    language = spoken_languages()[-1]
    return Shown(notebook, quiz_box(read_quiz(notebook), language))


def quiz_box(asked: Quiz, language: str) -> "VBox":
    """Return the box of a quiz: its questions, one below the other, and the score.

    Args:
        asked: the quiz.
        language: `zh` or `en`.
    """
    # Here and not above: checking an answer needs no widgets.
    import ipywidgets as widgets

    first_tries: dict[int, bool] = {}
    score = widgets.HTML()

    def question_box(number: int, question: Question) -> widgets.VBox:
        answer = widgets.HTML()

        def choose(choice: Choice) -> None:
            first_tries.setdefault(number, choice.is_right)
            answer.value = f'<div role="status">{explanation(choice, language, to_html)}</div>'
            if len(first_tries) == len(asked.questions):
                counts = len(first_tries), sum(first_tries.values())
                score.value = f"<b>{WORDS[language]['score'].format(*counts)}</b>"

        rows = []
        for letter, choice in zip(LETTERS, question.choices, strict=False):
            spoken = re.sub("`", "", choice.text[language])
            layout = widgets.Layout(width="3em", flex="none")
            button = widgets.Button(description=letter, tooltip=spoken, layout=layout)
            button.on_click(lambda _, choice=choice: choose(choice))
            rows.append(widgets.HBox([button, widgets.HTML(to_html(choice.text[language]))]))
        code = f"<pre>{escape(question.code)}</pre>" if question.code else ""
        asked_for = f"<b>{number}.</b> {to_html(question.text[language])}{code}"
        return widgets.VBox([widgets.HTML(asked_for), *rows, answer])

    boxes = [question_box(*numbered) for numbered in enumerate(asked.questions, start=1)]
    return widgets.VBox([*boxes, score])


def explanation(choice: Choice, language: str, render: Any = str) -> str:
    """Return whether a choice is right, and why.

    Args:
        choice: the choice.
        language: `zh` or `en`.
        render: turns the reason, which is Markdown, into what is to be shown.
    """
    word = WORDS[language]["right" if choice.is_right else "wrong"]
    return word + render(choice.why[language])


def to_html(text: str) -> str:
    """Return a line of Markdown as HTML: code is all the markup that a quiz uses."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
