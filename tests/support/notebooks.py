"""The notebooks of the series, and made-up ones."""

from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from course.notebooks.execute import find_notebooks
from course.notebooks.languages import LANGUAGES, notebook_folder

NOTEBOOKS = find_notebooks()
IN_EACH_LANGUAGE = [
    path for name in LANGUAGES for path in find_notebooks(None, notebook_folder(name))
]
in_each_language = pytest.mark.parametrize("language", LANGUAGES)
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
in_both_languages = pytest.mark.parametrize(
    "path", IN_EACH_LANGUAGE, ids=lambda path: f"{path.parent.name}/{path.stem}"
)


def cells(path: Path, kind: str) -> list[NotebookNode]:
    """The cells of one kind, `code` or `markdown`."""
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def code_cells(number: str) -> dict[str, NotebookNode]:
    """The code cells of a notebook of the series, by their ids."""
    (path,) = find_notebooks(number)
    return {cell.id: cell for cell in cells(path, "code")}


def notebook(*cells: NotebookNode) -> NotebookNode:
    return nbformat.v4.new_notebook(cells=list(cells))


def prose(identifier: str, source: str, **metadata: object) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source, id=identifier, metadata=metadata)


def code(identifier: str, source: str, printed: str = "", **fields: object) -> NotebookNode:
    """A code cell that has printed something, if a text is given."""
    if printed:
        fields["outputs"] = [nbformat.v4.new_output("stream", name="stdout", text=printed)]
    return nbformat.v4.new_code_cell(source, id=identifier, **fields)
