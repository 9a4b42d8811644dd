"""Let the English notebooks follow the Chinese ones, cell by cell.

The tasks of the exercises come from exercises/source, in both languages.
"""

import argparse
import copy
import hashlib
from collections.abc import Collection
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.reader import NotJSONError

from course.notebooks.answers import take_answers, with_answers
from course.notebooks.execute import find_notebooks
from course.notebooks.exercise_tasks import EXERCISES, TASKS, write_tasks
from course.notebooks.languages import ORIGINAL, TRANSLATION, notebook_folder

# What a translated cell's metadata keeps of the text that it was translated from.
DIGEST = "translated_from"


def digest(text: str) -> str:
    """Return the first 16 digits of the sha256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def prose_cells(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Return the cells that are translated, by their ids."""
    return {cell.id: cell for cell in notebook.cells if cell.cell_type == "markdown"}


def follow(original: NotebookNode, translation: NotebookNode) -> NotebookNode:
    """Put what is translated into a copy of the original.

    Args:
        original: what decides the cells, their order, code, outputs and metadata.
        translation: where the prose comes from, with the digest of what it was translated from.

    Returns:
        The new translation; prose that the old one does not have is empty.
    """
    following = copy.deepcopy(original)
    known = prose_cells(translation)
    for name, cell in prose_cells(following).items():
        translated = known.get(name)
        cell.source = translated.source if translated else ""
        if translated and DIGEST in translated.metadata:
            cell.metadata[DIGEST] = translated.metadata[DIGEST]
    return following


def unfinished(original: NotebookNode, translation: NotebookNode) -> dict[str, str]:
    """Return the prose cells that wait for a translator, each with the reason."""
    reasons = {}
    known = prose_cells(translation)
    for name, cell in prose_cells(original).items():
        translated = known.get(name)
        if translated is None or not translated.source.strip():
            reasons[name] = "not translated"
        elif DIGEST not in translated.metadata:
            reasons[name] = "translated, not confirmed"
        elif translated.metadata[DIGEST] != digest(cell.source):
            reasons[name] = "the Chinese has changed since it was translated"
    return reasons


def confirm(original: NotebookNode, translation: NotebookNode) -> list[str]:
    """Record in each translated cell what it is the translation of; see `record`."""
    return record(original, translation, prose_cells(translation))


def record(original: NotebookNode, translation: NotebookNode, names: Collection[str]) -> list[str]:
    """Record in translated cells what they are the translations of.

    Args:
        original: where the text was translated from.
        translation: what is changed.
        names: the ids of the cells; those that it does not have count for nothing.

    Returns:
        The ids of the cells whose record changed; empty cells are left as they are.
    """
    confirmed = []
    sources = prose_cells(original)
    for name, cell in prose_cells(translation).items():
        if name not in names:
            continue
        current = digest(sources[name].source)
        if cell.source.strip() and cell.metadata.get(DIGEST) != current:
            cell.metadata[DIGEST] = current
            confirmed.append(name)
    return confirmed


def read_translation(path: Path) -> NotebookNode:
    """Read a translated notebook; one that does not exist yet has no cells.

    Raises:
        SystemExit: if the file is there and is not a notebook.
    """
    if not path.exists():
        return nbformat.v4.new_notebook()
    try:
        return nbformat.read(path, as_version=4)
    except NotJSONError:
        raise SystemExit(
            f"{path} is not a notebook: mend it, or take it back from git, then run "
            "'python -m course sync'."
        ) from None


def write(notebook: NotebookNode, path: Path) -> bool:
    """Write a notebook where it differs from its file; return whether it does."""
    text = nbformat.writes(notebook) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def sync(path: Path, target: Path, translated: bool = False) -> list[str]:
    """Let one translation follow its original.

    Args:
        path: the original, which is written too: the tasks of its exercises.
        target: the translation, which is written.
        translated: whether its prose was read against the original's, and is to be recorded so.

    Returns:
        Lines to print: whether the files changed, and the cells that are confirmed or unfinished.
    """
    original = nbformat.read(path, as_version=4)
    write_tasks(original, path.stem, ORIGINAL)
    tasks_are_new = write(original, path)
    translation = follow(original, read_translation(target))
    if (cell := prose_cells(translation).get(EXERCISES)) and cell.source:
        take_answers(with_answers(original), translation)
    write_tasks(translation, path.stem, TRANSLATION)
    record(original, translation, [TASKS])
    confirmed = confirm(original, translation) if translated else []
    lines = [f"{target.name}: {'written' if write(translation, target) else 'up to date'}"]
    if tasks_are_new:
        lines.append("  the tasks of its exercises: written in both languages")
    lines += [f"  cell {name}: confirmed" for name in confirmed]
    waiting = unfinished(original, translation)
    return lines + [f"  cell {name}: {reason}" for name, reason in waiting.items()]


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="sync_notebooks", description=__doc__)
    parser.add_argument(
        "--translated",
        metavar="NB",
        nargs="?",
        const="",
        help="record that the English of notebook NB was read against today's Chinese",
    )
    parser.add_argument("notebook", nargs="?", help="let only this notebook follow, such as 07")
    options = parser.parse_args(arguments)
    if options.translated == "":
        raise SystemExit("Name the notebook that you have read: python -m course translated 07.")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Let every English notebook follow, or record that one is translated.

    Returns:
        1 if an English notebook has no original any more, else 0.
    """
    options = parse_arguments(arguments)
    translated = options.translated is not None
    originals = find_notebooks(options.translated or options.notebook, notebook_folder(ORIGINAL))
    folder = notebook_folder(TRANSLATION)
    for path in originals:
        print("\n".join(sync(path, folder / path.name, translated=translated)))
    names = {path.name for path in find_notebooks(None, notebook_folder(ORIGINAL))}
    left = [path.name for path in sorted(folder.glob("*.ipynb")) if path.name not in names]
    for name in left:
        print(f"{name}: has no Chinese original: give it the new name of that, or remove it.")
    return int(bool(left))
