"""Find the course's notebooks and execute one in a fresh kernel."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode

from course.notebooks.languages import ORIGINAL, notebook_folder

NOTEBOOKS = notebook_folder(ORIGINAL)
# Run in the kernel itself, whose memory it measures.
PEAK_MEMORY = "from helpers.memory import peak_megabytes; print(peak_megabytes())"


@dataclass
class Execution:
    """A notebook with the outputs of one run, top to bottom.

    Attributes:
        path: the file that was read; it is not changed.
        notebook: its cells with the new outputs.
        seconds: how long the run took.
        peak_megabytes: the kernel's peak memory, or None if it died.
        failed_cell: the id of the cell that raised an error, or None.
        error: the last line of that error.
    """

    path: Path
    notebook: NotebookNode
    seconds: float
    peak_megabytes: int | None
    failed_cell: str | None = None
    error: str = ""


def find_notebooks(choice: str | None = None, folder: Path = NOTEBOOKS) -> list[Path]:
    """Return the notebooks in order, or the one whose name starts with `choice`.

    Raises:
        SystemExit: if there is no such notebook.
    """
    notebooks = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    chosen = [path for path in notebooks if path.name.startswith(choice or "")]
    if not chosen:
        numbers = ", ".join(path.name[:2] for path in notebooks)
        raise SystemExit(f"There is no notebook {choice!r}: pass one of {numbers}.")
    return chosen


def code_of(path: Path) -> str:
    """Return the code of a notebook's cells, one after the other."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def execute(path: Path, report: Callable[[str], None]) -> Execution:
    """Execute a notebook in a fresh kernel, which is stopped afterwards.

    Args:
        path: the notebook; its folder is the kernel's working directory.
        report: takes a line of progress before each code cell.

    Returns:
        The notebook with its outputs, up to the failed cell if there is one.
    """
    notebook = nbformat.read(path, as_version=4)
    numbers = [n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    for number in numbers:
        notebook.cells[number].update(outputs=[], execution_count=None)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        # Do not warn that loopback is not encrypted.
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    execution = Execution(path, notebook, seconds=0.0, peak_megabytes=None)
    failure = None
    start = time.perf_counter()
    with client.setup_kernel():
        for done, number in enumerate(numbers, start=1):
            cell = notebook.cells[number]
            report(f"{path.stem}: cell {done} of {len(numbers)} ({cell.id})")
            try:
                client.execute_cell(cell, number, execution_count=done)
            except (CellExecutionError, DeadKernelError) as error:
                failure = error
                lines = strip_ansi(str(error)).strip().splitlines()
                execution.failed_cell, execution.error = cell.id, lines[-1]
                break
        execution.seconds = time.perf_counter() - start
        if not isinstance(failure, DeadKernelError):
            execution.peak_megabytes = _peak_megabytes(client)
    return execution


def _peak_megabytes(client: NotebookClient) -> int:
    question = nbformat.v4.new_code_cell(PEAK_MEMORY)
    client.nb.cells.append(question)
    client.execute_cell(question, len(client.nb.cells) - 1)
    client.nb.cells.pop()
    return int(question.outputs[0].text)
