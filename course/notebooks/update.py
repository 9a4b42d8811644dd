"""Execute the notebooks, store their outputs, and show what changed."""

import difflib
from collections.abc import Sequence

import nbformat
from nbformat import NotebookNode

from course.environment.kernel import prepare_embedded_environment
from course.notebooks import sync
from course.notebooks.closing_cells import OwnWorkError, write_closing
from course.notebooks.execute import Execution, execute, find_notebooks
from course.notebooks.languages import ORIGINAL
from course.notebooks.readme_picture import PICTURE, stored_picture
from course.notebooks.run import print_progress
from helpers.files import write_whole

# The kernel reports its Python's patch release, which differs between machines.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


WIDGET = "application/vnd.jupyter.widget-view+json"


def output_text(cell: NotebookNode) -> str:
    """Return what a code cell printed or displayed, without pictures."""
    parts = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        parts += [output.get("text", ""), data.get("text/html", data.get("text/plain", ""))]
    return "\n".join(part for part in parts if part)


def changes(before: NotebookNode, after: NotebookNode) -> list[str]:
    """Return the lines of output that differ, by cell: `-` is the old line and `+` the new one."""
    old_texts = {cell.id: output_text(cell) for cell in before.cells}
    lines = []
    for cell in after.cells:
        old, new = old_texts.get(cell.id, "").splitlines(), output_text(cell).splitlines()
        differing = list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]
        if differing:
            lines.append(f"  cell {cell.id}")
            lines += [f"    {line}" for line in differing if not line.startswith("@@")]
    return lines


def store(execution: Execution) -> None:
    """Write the outputs into the notebook's file, without what only this run's kernel knows."""
    notebook = execution.notebook
    notebook.metadata = nbformat.from_dict({**notebook.metadata, **METADATA})
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            # A widget lives in its kernel: of a stored one Jupyter shows an error.
            if output.get("data", {}).pop(WIDGET, None):
                output.metadata["widget"] = True
    write_whole(execution.path, nbformat.writes(notebook) + "\n")


def update(choice: str = "") -> int:
    """Update the notebooks, or the chosen one; a notebook that fails keeps its outputs."""
    prepare_embedded_environment()
    failed = False
    for path in find_notebooks(choice):
        before = nbformat.read(path, as_version=4)
        try:
            write_closing(before, path.stem, ORIGINAL)
        except OwnWorkError as error:
            failed = True
            print(error)
            continue
        sync.write(before, path)
        text = path.read_text(encoding="utf-8")
        execution = execute(path, report=print_progress)
        print_progress("")
        if execution.failed_cell:
            failed = True
            print(f"{path.name}: not stored, cell {execution.failed_cell}: {execution.error}")
            continue
        if path.read_text(encoding="utf-8") != text:
            failed = True
            print(f"{path.name}: not stored, for it was saved while it ran: update it again")
            continue
        store(execution)
        lines = changes(before, execution.notebook)
        print(f"{path.name}: {'outputs changed' if lines else 'the same outputs'}")
        print("\n".join(lines), end="\n" if lines else "")
    return int(failed)


def main(arguments: Sequence[str] = ()) -> int:
    """Update the notebooks, then the README's picture and the English notebooks."""
    failed = update("".join(arguments[:1]))
    write_whole(PICTURE, stored_picture())
    return sync.main(arguments[:1]) or failed
