"""Turn a notebook's cells into those of its slides, following their metadata.

`slideshow.slide_type` has its usual meaning in Jupyter: a cell begins a `slide` or a `subslide`,
appears as a `fragment` or at once (`-`), or is left out (`skip`). A cell that begins a slide has
`minutes`.
"""

import copy
import re
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from course.publish.slide_heights import ROOM, cell_height

BEGINS = {"slide", "subslide"}
HIDDEN = {"skip", "notes"}
HEADING = re.compile("#{1,6} ")
ANSWERS = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
# Not part of a sentence: headings, code, and the targets of links.
NOT_PROSE = re.compile(r"^#.*?$|```.*?```|`[^`\n]*`|\]\([^)\n]*\)", re.DOTALL | re.MULTILINE)
QUESTION = re.compile(r"(?:[^。！？!?.\n]|\.(?!\s))+[？?]")
NOTEBOOK_LINK = re.compile(r"(\]\(\d\d_\w+)\.ipynb")
WORDS = {
    "zh": {"minutes": "{:g} 分钟", "ask": "提问："},
    "en": {"minutes": "{:g} min", "ask": "Ask:"},
}


@dataclass
class Slide:
    """What is on the screen at one time.

    Attributes:
        kind: `slide`, or `subslide` if it continues the one before.
        minutes: how long it takes, together with its subslides; None for a subslide.
        cells: its cells in order, each with its slide type.
        answers: the answers to its exercises, in Markdown, which only the speaker sees.
    """

    kind: str
    minutes: float | None = None
    cells: list[NotebookNode] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)


def fit(*cells: NotebookNode) -> bool:
    """Say whether cells have room on one slide."""
    return sum(map(cell_height, cells)) <= ROOM


def slide_type(cell: NotebookNode) -> str:
    """Return the slide type of a cell; empty if it has none."""
    return cell.metadata.get("slideshow", {}).get("slide_type", "")


def split_at_headings(text: str) -> list[str]:
    """Split Markdown before each heading; an empty text is one empty part."""
    parts: list[list[str]] = []
    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if not parts or (HEADING.match(line) and not fenced):
            parts.append([])
        parts[-1].append(line)
    return ["\n".join(lines).strip() for lines in parts] or [""]


def comment(cell: NotebookNode) -> str:
    """Return the text of a prose cell before its first heading, if it has one.

    Such a text comments on what came before, not on what the heading begins.
    """
    first, *others = split_at_headings(cell.source)
    return first if others and not HEADING.match(first) else ""


def prose_parts(cell: NotebookNode) -> list[NotebookNode]:
    """Return copies of a prose cell, one for each of its parts on the slides.

    A comment becomes a fragment on the slide before. A second heading begins a subslide, except
    that the opening of the notebook stays together if it fits.
    """
    is_opening = cell.source.startswith("# ") and fit(cell)
    texts = [cell.source] if is_opening else split_at_headings(cell.source)
    kinds = [slide_type(cell)] + ["subslide"] * (len(texts) - 1)
    if comment(cell) and slide_type(cell) in BEGINS:
        kinds[:2] = ["fragment", slide_type(cell)]
    parts = []
    for kind, text in zip(kinds, texts, strict=True):
        parts.append(copy.deepcopy(cell))
        parts[-1].source = NOTEBOOK_LINK.sub(r"\1.html", text)
        parts[-1].metadata["slideshow"] = {"slide_type": kind}
    return parts


def code_parts(cell: NotebookNode) -> list[NotebookNode]:
    """Return copies of a code cell, one for each of its parts on the slides.

    A picture has a subslide to itself, where it is large. So has output that does not fit below
    the code.
    """
    code = copy.deepcopy(cell)
    if not has_picture(cell) and fit(cell):
        return [code]
    result = copy.deepcopy(cell)
    code.outputs = []
    # This makes nbconvert leave the code out.
    result.metadata["transient"] = {"remove_source": True}
    result.metadata["slideshow"] = {"slide_type": "subslide"}
    return [code, result]


def has_picture(cell: NotebookNode) -> bool:
    """Say whether a code cell displayed a picture."""
    return any("image/png" in output.get("data", {}) for output in cell.outputs)


def add_cell(slides: list[Slide], cell: NotebookNode) -> None:
    """Add a cell to the last slide, or begin new ones, following its metadata.

    A fragment that does not fit on the slide begins a subslide.
    """
    if slide_type(cell) in HIDDEN:
        return
    parts = prose_parts(cell) if cell.cell_type == "markdown" else code_parts(cell)
    for number, part in enumerate(parts):
        answers = ANSWERS.findall(part.source)
        part.source = ANSWERS.sub("", part.source).strip()
        part.id = f"{cell.id}-{number}" if number else cell.id
        taken = []
        if slide_type(part) not in BEGINS and not fit(*slides[-1].cells, part):
            taken = taken_along(slides[-1], part)
            (taken or [part])[0].metadata["slideshow"] = {"slide_type": "subslide"}
        if (kind := slide_type((taken or [part])[0])) in BEGINS:
            slides.append(Slide(kind, cell.metadata.get("minutes") if kind == "slide" else None))
            slides[-1].cells += taken
        slides[-1].cells.append(part)
        slides[-1].answers += [f"**{title}**\n\n{text.strip()}" for title, text in answers]


def taken_along(slide: Slide, part: NotebookNode) -> list[NotebookNode]:
    """Take the last cell off a slide for the next one, if it leaves room there for its comment.

    Alone on a slide, a few lines of comment would leave the class without what they are about.
    """
    *others, last = slide.cells
    is_short = cell_height(part) < ROOM / 3
    if is_short and others and fit(last, part):
        slide.cells = others
        return [last]
    return []


def find_slides(notebook: NotebookNode) -> list[Slide]:
    """Return the slides of a notebook in order.

    Args:
        notebook: a notebook whose cells all have slide metadata; it is not changed.
    """
    slides: list[Slide] = []
    for cell in notebook.cells:
        add_cell(slides, cell)
    return slides


def questions(text: str) -> list[str]:
    """Return the sentences of a Markdown text that end in a question mark."""
    # The rest is blanked out at its full length: positions in the prose are those in the text.
    prose = NOT_PROSE.sub(lambda part: "x" * len(part[0]), text)
    found = [text[match.start() : match.end()] for match in QUESTION.finditer(prose)]
    return [question.strip(" >*-") for question in found]


def notes(slide: Slide, language: str) -> str:
    """Return what the speaker sees with a slide, in Markdown: minutes, questions and answers."""
    words = WORDS[language]
    lines = [f"**{words['minutes'].format(slide.minutes)}**"] if slide.minutes else []
    prose = [cell.source for cell in slide.cells if cell.cell_type == "markdown"]
    asked = [question for text in prose for question in questions(text)]
    if asked and not slide.answers:
        lines.append("\n".join([words["ask"], "", *(f"- {question}" for question in asked)]))
    return "\n\n".join(lines + slide.answers)


def seconds(slides: list[Slide], number: int) -> int:
    """Return a slide's share, in seconds, of the minutes of the slide and its subslides."""
    start = number
    while slides[start].kind == "subslide":
        start -= 1
    end = start + 1
    while end < len(slides) and slides[end].kind == "subslide":
        end += 1
    return round(60 * (slides[start].minutes or 0) / (end - start))


def deck(notebook: NotebookNode, language: str) -> NotebookNode:
    """Return a notebook with the cells of the slides, for nbconvert.

    Args:
        notebook: a notebook whose cells all have slide metadata; it is not changed.
        language: the language of the speaker notes.

    Returns:
        The cells with their slide types. The first cell of a slide is followed by its speaker
        notes, and has the slide's seconds in `slideshow.data.timing`, which the clock in the
        speaker's window counts down.
    """
    slides = find_slides(notebook)
    cells = []
    for number, slide in enumerate(slides):
        first, *others = slide.cells
        first.metadata["slideshow"]["data"] = {"timing": seconds(slides, number)}
        metadata = {"slideshow": {"slide_type": "notes"}}
        text = notes(slide, language)
        spoken = nbformat.v4.new_markdown_cell(text, id=f"{first.id}-notes", metadata=metadata)
        cells += [first, *([spoken] if text else []), *others]
    return nbformat.from_dict({**notebook, "cells": cells})
