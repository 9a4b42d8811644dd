"""Copies of the notebooks in which the exercises are solved, for `test` to compare.

The solutions are those of exercises/source; what the check then says is known beforehand.
"""

import copy
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.notebooks.languages import ORIGINAL
from helpers import check
from helpers.check.tasks import read_tasks
from helpers.environment import PROJECT

# The checks speak the language that the folder is named after.
COPIES = PROJECT / "build" / "compare" / ORIGINAL


def with_answers(notebook: NotebookNode, number: str) -> NotebookNode:
    """Return a copy of a notebook with its exercises solved.

    Args:
        notebook: the notebook, which need not have exercises.
        number: its number, such as `03`.
    """
    solved = copy.deepcopy(notebook)
    cells = {cell.id: cell for cell in solved.cells}
    if "exercise-1" not in cells:
        return solved
    for place, task in enumerate(read_tasks(number), start=1):
        cells[f"exercise-{place}"].source = task.solution
        said = f"{check.right(f'{number}-{place}', ORIGINAL)}\n"
        output = nbformat.v4.new_output("stream", name="stdout", text=said)
        cells[f"exercise-{place}-check"].outputs = [output]
    return solved


def write_copies(paths: Sequence[Path]) -> list[Path]:
    """Write the copies that are compared; return their paths."""
    COPIES.mkdir(parents=True, exist_ok=True)
    for path in paths:
        notebook = with_answers(nbformat.read(path, as_version=4), path.name[:2])
        nbformat.write(notebook, COPIES / path.name)
    return [COPIES / path.name for path in paths]
