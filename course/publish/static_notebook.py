"""A notebook for a page without a kernel."""

import nbformat
from nbformat import NotebookNode

from course.notebooks.run import with_alt_text

WIDGET = "application/vnd.jupyter.widget-view+json"


def make_static(notebook: NotebookNode) -> NotebookNode:
    """Return a copy that has alternative text for its pictures, and no widgets.

    Args:
        notebook: a notebook with stored outputs; it is not changed.
    """
    copied = with_alt_text(notebook)
    for cell in copied.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if WIDGET not in out.get("data", {})]
    return nbformat.from_dict(copied)
