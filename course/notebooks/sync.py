"""Bring the English notebooks up to date with the Chinese ones, cell by cell.

Its quiz and its exercises come from exercises/, in both languages.
"""

import argparse
import copy
from collections.abc import Collection
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.reader import NotJSONError

from course.notebooks import pages
from course.notebooks.closing_cells import MADE, OwnWorkError, write_closing
from course.notebooks.execute import find_notebooks
from course.notebooks.languages import ORIGINAL, TRANSLATION, digest, notebook_folder
from helpers.files import write_whole

# Under this name the metadata of a translated cell have the digest of its source text, and those of
# a translated notebook that of its cells and code, as they were written here.
DIGEST = "translated_from"
# Under this one the metadata of a translated cell have the digest of its own text, as a translator
# confirmed it: a sentence that somebody turns round afterwards is noticed.
OWN_DIGEST = "translated_to"


def content_digest(notebook: NotebookNode) -> str:
    """Return the digest of what a translation has from its original: its cells and its code."""
    code = [f"{cell.id}\n{cell.source * (cell.cell_type == 'code')}" for cell in notebook.cells]
    return digest("\n".join(code))


def own_work(original: NotebookNode, translation: NotebookNode) -> list[str]:
    """Return the ids of the cells that somebody added to a translation, or whose code was changed.

    Args:
        original: the notebook that the translation is written from.
        translation: the translation as it is now.
    """
    recorded = translation.metadata.get(DIGEST)
    if recorded is None or recorded == content_digest(translation):
        return []
    known = {cell.id: cell for cell in original.cells}
    return [
        cell.id
        for cell in translation.cells
        if cell.id not in known
        or (cell.cell_type == "code" and cell.source != known[cell.id].source)
    ]


def prose_cells(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Return the cells that are translated, by their ids."""
    return {cell.id: cell for cell in notebook.cells if cell.cell_type == "markdown"}


def apply_source(original: NotebookNode, translation: NotebookNode) -> NotebookNode:
    """Give a translation the cells of its source.

    Args:
        original: the source of the cells, their order, code, outputs and metadata.
        translation: the source of the prose, and of the digest of what it translates.

    Returns:
        The new translation; prose that the old one does not have is empty.
    """
    updated = copy.deepcopy(original)
    known = prose_cells(translation)
    for name, cell in prose_cells(updated).items():
        translated = known.get(name)
        cell.source = translated.source if translated else ""
        for key in (DIGEST, OWN_DIGEST):
            if translated and key in translated.metadata:
                cell.metadata[key] = translated.metadata[key]
    return updated


def stale(original: NotebookNode, translation: NotebookNode) -> dict[str, str]:
    """Return the prose cells that need a translator, each with the reason."""
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
        elif translated.metadata.get(OWN_DIGEST) != digest(translated.source):
            reasons[name] = "the English has changed since it was confirmed"
    return reasons


def mark_translated(
    original: NotebookNode, translation: NotebookNode, names: Collection[str] | None = None
) -> list[str]:
    """Record in translated cells the digests of the text that they translate, and of their own.

    Args:
        original: the notebook that was translated.
        translation: the notebook to change.
        names: the ids of the cells; None is all of them.

    Returns:
        The ids of the cells whose record changed; empty cells are left as they are.
    """
    confirmed = []
    sources = prose_cells(original)
    for name, cell in prose_cells(translation).items():
        if names is not None and name not in names:
            continue
        current = {DIGEST: digest(sources[name].source), OWN_DIGEST: digest(cell.source)}
        if cell.source.strip() and any(cell.metadata.get(key) != current[key] for key in current):
            cell.metadata.update(current)
            confirmed.append(name)
    return confirmed


def read_translation(path: Path) -> NotebookNode:
    """Read a translated notebook; return an empty one if the file does not exist.

    Raises:
        SystemExit: if the file is not a notebook.
    """
    if not path.exists():
        return nbformat.v4.new_notebook()
    try:
        return nbformat.read(path, as_version=4)
    except NotJSONError:
        raise SystemExit(
            f"{path} is not a notebook: fix it, or restore it from git, then run "
            "'python -m course sync'."
        ) from None


def write(notebook: NotebookNode, path: Path) -> bool:
    """Write a notebook if it differs from its file; return whether it does."""
    text = nbformat.writes(notebook) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    write_whole(path, text)
    return True


def sync(path: Path, target: Path, translated: bool) -> list[str]:
    """Bring one translation up to date with its original.

    Args:
        path: the original, into which its quiz and its exercises are written.
        target: the translation, which is written.
        translated: whether to record that its prose matches the original's.

    Returns:
        Lines to print: whether the files changed, and which cells are confirmed or stale.

    Raises:
        OwnWorkError: if there are answers, or cells or code of the translation, to be lost.
    """
    original = nbformat.read(path, as_version=4)
    write_closing(original, path.stem, ORIGINAL)
    closing_is_new = write(original, path)
    previous = read_translation(target)
    if own := own_work(original, previous):
        raise OwnWorkError(
            f"{target.name}: not written, for the cells {', '.join(own)} were added or changed in "
            f"the English notebook only: save a copy of it elsewhere, run 'git checkout "
            f"notebooks/{target.parent.name}/{target.name}', and sync again."
        )
    translation = apply_source(original, previous)
    write_closing(translation, path.stem, TRANSLATION)
    made = [name for name in prose_cells(translation) if MADE.fullmatch(name)]
    mark_translated(original, translation, made)
    confirmed = mark_translated(original, translation) if translated else []
    translation.metadata[DIGEST] = content_digest(translation)
    lines = [f"{target.name}: {'written' if write(translation, target) else 'up to date'}"]
    if closing_is_new:
        lines.append("  its quiz and its exercises: written in both languages")
    lines += [f"  cell {name}: confirmed" for name in confirmed]
    reasons = stale(original, translation)
    return lines + [f"  cell {name}: {reason}" for name, reason in reasons.items()]


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m course sync", description=__doc__)
    parser.add_argument(
        "--translated",
        metavar="NB",
        nargs="?",
        const="",
        help="record that the English of notebook NB matches today's Chinese; of the README and "
        "docs/, if NB is 'pages'",
    )
    parser.add_argument("notebook", nargs="?", help="only this notebook, such as 07")
    options = parser.parse_args(arguments)
    if options.translated == "":
        raise SystemExit(
            "Name the notebook that you have translated: python -m course translated 07."
        )
    return options


def main(arguments: list[str] | None = None) -> int:
    """Bring the English notebooks up to date, or record that one is translated.

    Returns:
        1 if an English notebook no longer has an original, or one has somebody's own work, else 0.
    """
    options = parse_arguments(arguments)
    if options.translated == "pages":
        print("\n".join(f"{name}: confirmed" for name in pages.confirm()) or "up to date")
        return 0
    translated = options.translated is not None
    originals = find_notebooks(options.translated or options.notebook, notebook_folder(ORIGINAL))
    folder = notebook_folder(TRANSLATION)
    kept = False
    for path in originals:
        try:
            print("\n".join(sync(path, folder / path.name, translated=translated)))
        except OwnWorkError as error:
            kept = True
            print(error)
    names = {path.name for path in find_notebooks(None, notebook_folder(ORIGINAL))}
    left = [path.name for path in sorted(folder.glob("*.ipynb")) if path.name not in names]
    for name in left:
        print(
            f"{name} has no Chinese original: give it the new name of its original, or remove it."
        )
    return int(bool(left) or kept)
