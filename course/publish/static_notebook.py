"""A notebook as a page shows it that has no kernel behind it."""

import nbformat
from nbformat import NotebookNode

from course.notebooks.run import described

WIDGET = "application/vnd.jupyter.widget-view+json"


def without_kernel(notebook: NotebookNode) -> NotebookNode:
    """Return a copy with its pictures described, and without what only a kernel can show.

    Args:
        notebook: a notebook with stored outputs; it is not changed.
    """
    copied = described(notebook)
    for cell in copied.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if WIDGET not in out.get("data", {})]
    return nbformat.from_dict(copied)
