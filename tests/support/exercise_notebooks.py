"""Read the exercises' source notebooks, and put other answers in place of their solutions."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.environment import PROJECT

SOURCES = sorted((PROJECT / "exercises" / "source").glob("*/*.ipynb"))
CHECK = "-check"


def read_source(path: Path) -> NotebookNode:
    """A source notebook."""
    return nbformat.read(path, as_version=4)


def numbers(path: Path) -> list[str]:
    """The numbers of a notebook's exercises, such as 03-1, in order."""
    checks = [cell.id for cell in read_source(path).cells if cell.id.endswith(CHECK)]
    return [f"{path.stem[:2]}-{name.removesuffix(CHECK)[-1]}" for name in checks]


def source_of(number: str) -> Path:
    """The source notebook that an exercise stands in."""
    return next(path for path in SOURCES if path.stem.startswith(number[:2]))


def cell_of(notebook: NotebookNode, number: str, kind: str = "") -> NotebookNode:
    """The cell of an exercise that takes the answer; of the kind `-check`, the one that checks."""
    return next(cell for cell in notebook.cells if cell.id == f"exercise-{number[-1]}{kind}")
