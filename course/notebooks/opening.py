"""What the first cell of a notebook says of it: its title, and how long it takes."""

import re
from dataclasses import dataclass

from nbformat import NotebookNode

TIMES = {
    "zh": re.compile(r"阅读约 (?P<read>[^，；]+)[^\n]*运行约 ?(?P<run>[^，。]+)"),
    "en": re.compile(r"about (?P<read>[^,;]+) to read[^\n]*about (?P<run>[^,;]+) to run"),
}


@dataclass(frozen=True)
class Opening:
    """The title of a notebook, and how long reading and running it take, in words."""

    title: str
    reading: str
    running: str


def title(notebook: NotebookNode) -> str:
    """Return the heading that opens a notebook."""
    return notebook.cells[0].source.partition("\n")[0].lstrip("# ")


def opening(notebook: NotebookNode, language: str) -> Opening:
    """Return what the first cell of a notebook says of it.

    Args:
        notebook: a notebook of the series.
        language: that of its prose.

    Raises:
        SystemExit: if the cell does not say how long reading and running take.
    """
    times = TIMES[language].search(notebook.cells[0].source)
    if not times:
        raise SystemExit(
            f"{title(notebook)}: the first cell does not say how long it takes to read and to run."
        )
    return Opening(title(notebook), times["read"], times["run"])
