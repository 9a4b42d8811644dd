"""A notebook for a page without a kernel."""

import nbformat
from nbformat import NotebookNode

from course.notebooks.run import with_alt_text
from course.notebooks.update import WIDGET


def make_static(notebook: NotebookNode) -> NotebookNode:
    """Return a copy that has alternative text for its pictures, and no widgets.

    Args:
        notebook: a notebook with stored outputs; it is not changed.
    """
    copied = with_alt_text(notebook)
    for cell in copied.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not is_widget(output)]
    return nbformat.from_dict(copied)


def is_widget(output: NotebookNode) -> bool:
    """Say whether an output is a widget, or what `update` stored in its place."""
    return WIDGET in output.get("data", {}) or "widget" in output.get("metadata", {})
