"""The README's picture, in the stored outputs of notebook 07; `update` copies it."""

import base64

import nbformat

from course.notebooks.execute import NOTEBOOKS
from helpers.environment import PROJECT

NOTEBOOK, CELL = "07_finetune_bert.ipynb", "humans"
PICTURE = PROJECT / "docs" / "images" / "test_scores.png"


def stored_picture() -> bytes:
    """Return the plot that the notebook's cell displayed, as PNG."""
    notebook = nbformat.read(NOTEBOOKS / NOTEBOOK, as_version=4)
    cell = next(cell for cell in notebook.cells if cell.id == CELL)
    pictures = [output.data["image/png"] for output in cell.outputs if "data" in output]
    return base64.b64decode(pictures[0])
