"""The website's page on which the reader's browser runs a model: its words, in both languages."""

import html
from dataclasses import dataclass
from pathlib import Path
from string import Template

from helpers.files import format_bytes
from helpers.scoring import EXAMPLES

TEMPLATE = Path(__file__).resolve().parent / "try_template"
# Of the whole website, where both languages find them.
FOLDER = "model"
OR_EXAMPLE = {"zh": "，或者选一个例子", "en": ", or take an example"}


@dataclass(frozen=True)
class BrowserModel:
    """What the page says of the model that it runs.

    Attributes:
        size: how many bytes the page loads for it.
        labels: the names of its labels, in their order.
        own: the folder that it is from, if it is the learner's own; None for the model of
            notebook 07, trained on the course's own data.
    """

    size: int
    labels: list[str]
    own: str | None = None


def template(language: str) -> Path:
    """Return where the page's text in a language is."""
    return TEMPLATE / f"try.{language}.md"


def page_text(language: str, model: BrowserModel) -> str:
    """Return the page in Markdown, about a model."""
    labels = {"zh": ("等级", "标签"), "en": ("level", "label")}
    own = model.own or ""
    about = "about_own" if own else "about_course"
    text = (TEMPLATE / f"{about}.{language}.md").read_text(encoding="utf-8")
    values = {
        # What stands in backticks may have none.
        "about": Template(text).substitute(own=" ".join(own.replace("`", "'").split())),
        "label": labels[language][bool(own)],
        "folder": FOLDER,
        "size": format_bytes(model.size),
        # They are reviews, in English: what the learner's own model reads may be neither.
        "or_example": "" if own else OR_EXAMPLE[language],
        "examples": "" if own else examples(language),
        "rows": "".join(row(name) for name in model.labels),
    }
    return Template(template(language).read_text(encoding="utf-8")).substitute(values)


def examples(language: str) -> str:
    """Return the buttons that fill in an example."""
    name = {"zh": "例子", "en": "Examples"}[language]
    buttons = (f'<button type="button" lang="en">{each}</button>' for each in EXAMPLES)
    return f'<div class="try-examples" role="group" aria-label="{name}">{"".join(buttons)}</div>'


def row(label: str) -> str:
    """Return the row of a label in the table of probabilities."""
    return (
        f'<tr><th scope="row">{html.escape(label)}</th><td class="try-number">–</td>'
        # Hidden from screen readers: the number says the same.
        '<td aria-hidden="true"><div class="try-bar"></div></td></tr>'
    )
