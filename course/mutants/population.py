"""Every mutant that there could be, and a random few of them."""

from __future__ import annotations

import base64
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from course.mutants import field, prose
from course.mutants.mutant import Edit, Mutant

CODE = ("helpers/**/*.py", "course/**/*.py", "benchmarks/*.py", "data/*.py")
PAGES = ("README*.md", "docs/*.md", "data/reviews/README.md")
PICTURES = "docs/images/**/*.png"
NOTEBOOKS = "notebooks/*/[0-9][0-9]_*.ipynb"
# Not what the exercises and the quiz put there: it is made from exercises/, which tests compare.
MADE = ("quiz", "exercise")


@dataclass(frozen=True)
class Text:
    """A text of the course that can be changed.

    Attributes:
        path: its file, in the project, with slashes.
        cell: the id of its cell in a notebook; None is the whole file.
        part: what of it: `code`, `prose`, the `alt` text of a plot, or a `picture`.
        text: what it says; a picture in base64.
    """

    path: str
    cell: str | None
    part: str
    text: str


def code_files(project: Path) -> Iterator[Path]:
    """Yield the files of Python that are changed."""
    for pattern in CODE:
        for path in sorted(project.glob(pattern)):
            # Not the mutants themselves: nothing that is being changed can try a change.
            if "mutants" not in path.relative_to(project).parts:
                yield path


def plots(cell: dict) -> Iterator[dict]:
    """Yield the outputs of a cell that are plots."""
    for output in cell.get("outputs", []):
        if "image/png" in output.get("data", {}):
            yield output


def texts(project: Path) -> Iterator[Text]:
    """Yield every text of the course that can be changed, in a fixed order."""
    for path in code_files(project):
        name = path.relative_to(project).as_posix()
        yield Text(name, None, "code", path.read_text(encoding="utf-8"))
    for pattern in PAGES:
        for path in sorted(project.glob(pattern)):
            name = path.relative_to(project).as_posix()
            yield Text(name, None, "prose", path.read_text(encoding="utf-8"))
    for path in sorted(project.glob(PICTURES)):
        name = path.relative_to(project).as_posix()
        yield Text(name, None, "picture", base64.b64encode(path.read_bytes()).decode())
    for path in sorted(project.glob(NOTEBOOKS)):
        name = path.relative_to(project).as_posix()
        original = path.parent.name == "zh"
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["id"].startswith(MADE):
                continue
            if cell["cell_type"] == "markdown":
                yield Text(name, cell["id"], "prose", source)
            elif original:
                # In both languages: what the code does and shows is the same in them.
                yield Text(name, cell["id"], "code", source)
                for output in plots(cell):
                    alt = output["metadata"].get("image/png", {}).get("alt", "")
                    yield Text(name, cell["id"], "alt", alt)
                    picture = "".join(output["data"]["image/png"])
                    yield Text(name, cell["id"], "picture", picture.replace("\n", ""))


def edits_of_code(text: Text) -> Iterator[Edit]:
    """Yield every change that the operators can make to some code."""
    yield from field.edits(text.text)
    # What notebooks teach is changed by the operators of this field only: an addition that becomes
    # a subtraction is no fault that people make there.
    if text.cell is None:
        yield from general_edits(text.text)


def general_edits(code: str) -> list[Edit]:
    """Return the changes of cosmic-ray, which only the environment of `mutants` has."""
    from course.mutants import general

    return general.edits(code)


def swaps(kind: str, found: list[Text]) -> Iterator[tuple[Text, Edit]]:
    """Yield for each text that it becomes the next one of its part, in a circle."""
    values = [each.text for each in found]
    for each in found:
        if (new := prose.another(values, each.text)) is not None:
            yield each, Edit(kind, 0, len(each.text), new)


def candidates(found: Iterable[Text]) -> Iterator[tuple[Text, Edit]]:
    """Yield every change that the operators can make to some texts."""
    parts: dict[tuple[str, bool], list[Text]] = defaultdict(list)
    for text in found:
        if text.part == "code":
            yield from ((text, edit) for edit in edits_of_code(text))
        elif text.part == "prose":
            yield from ((text, edit) for edit in prose.edits(text.text))
        else:
            parts[text.part, text.cell is None].append(text)
    for (part, _), group in parts.items():
        kind = {"alt": "an alt text", "picture": "a picture swapped"}[part]
        yield from swaps(kind, group)


def mutant(text: Text, edit: Edit) -> Mutant:
    """Return the mutant that a change makes."""
    after = edit.apply(text.text)
    return Mutant(text.path, text.cell, text.part, edit.kind, text.text, after)


def by_kind(project: Path) -> dict[str, list[tuple[Text, Edit]]]:
    """Return every change, by its kind."""
    found: dict[str, list[tuple[Text, Edit]]] = defaultdict(list)
    for text, edit in candidates(texts(project)):
        found[edit.kind].append((text, edit))
    return dict(sorted(found.items()))


def choose(project: Path, number: int | None, seed: int) -> list[Mutant]:
    """Return random mutants, of each kind as many as of every other while there are some.

    Args:
        project: the course's folder.
        number: how many; None is all there are.
        seed: the same seed chooses the same mutants in the same order.
    """
    generator = random.Random(seed)
    waiting = by_kind(project)
    for group in waiting.values():
        generator.shuffle(group)
    chosen: list[Mutant] = []
    while waiting and (number is None or len(chosen) < number):
        kinds = sorted(waiting)
        generator.shuffle(kinds)
        for kind in kinds[: None if number is None else number - len(chosen)]:
            chosen.append(mutant(*waiting[kind].pop()))
        waiting = {kind: group for kind, group in waiting.items() if group}
    return chosen
