"""Give the cells that have no slide metadata the usual ones: see `make plan-slides`."""

import math
import re
import sys

import nbformat
from nbformat import NotebookNode

from course.notebooks.execute import find_notebooks
from course.notebooks.sync import write
from course.publish.slide_cells import Slide, add_cell, code_parts, comment, find_slides, slide_type
from course.publish.slide_heights import ROOM, cell_height, prose_height

READING_TIME = re.compile(r"阅读约 (\d+) 分钟")
SECTION = re.compile("^## ", re.MULTILINE)
SUBSECTION = re.compile("^### ", re.MULTILINE)
# Slides are planned to half a minute.
STEP = 0.5


def reading_minutes(notebook: NotebookNode) -> int:
    """Return the minutes that a Chinese notebook says it takes to read.

    Raises:
        SystemExit: if it does not say.
    """
    found = READING_TIME.search(notebook.cells[0].source)
    if not found:
        opening = notebook.cells[0].source.partition("\n")[0]
        raise SystemExit(f"'{opening}' does not say '阅读约 … 分钟': add it after **时间**.")
    return int(found[1])


def usual_type(cells: list[NotebookNode], number: int, used: float) -> str:
    """Return what a cell usually is on the slides.

    Args:
        cells: those of the notebook.
        number: the place of the cell, from 0.
        used: the height that the slide before it takes.
    """
    cell = cells[number]
    is_code = cell.cell_type == "code"
    if number == 0:
        return "slide"
    if number == len(cells) - 1 or (number == 1 and is_code):
        # The way to the next notebook, and the imports and data that every notebook begins with.
        return "skip"
    if not is_code and SECTION.search(cell.source):
        return "slide"
    if not is_code and SUBSECTION.search(cell.source):
        return "subslide"
    height, companion = own_height(cell), companion_height(cell, cells[number + 1])
    together = height + companion if height + companion <= ROOM else height
    return "fragment" if used + together <= ROOM else "subslide"


def own_height(cell: NotebookNode) -> float:
    """Return the height of what a cell has on the slide that it comes on first."""
    return cell_height(cell if cell.cell_type == "markdown" else code_parts(cell)[0])


def companion_height(cell: NotebookNode, following: NotebookNode) -> float:
    """Return the height of what should be on the same slide as a cell, and comes after it.

    That is the code that prose introduces, and the comment on what code prints.
    """
    if cell.cell_type == "markdown":
        return own_height(following) if following.cell_type == "code" else 0
    if following.cell_type == "markdown" and len(code_parts(cell)) == 1:
        return prose_height(comment(following))
    return 0


def plan_types(notebook: NotebookNode) -> None:
    """Give each cell without a slide type the usual one."""
    slides: list[Slide] = []
    for number, cell in enumerate(notebook.cells):
        used = slides[-1].height if slides else 0
        kind = slide_type(cell) or usual_type(notebook.cells, number, used)
        cell.metadata["slideshow"] = {**cell.metadata.get("slideshow", {}), "slide_type": kind}
        add_cell(slides, cell)


def plan_minutes(notebook: NotebookNode) -> None:
    """Share what is left of the minutes of reading among the slides that have none.

    A slide gets as much as it holds, half a minute at least.
    """
    begins = [cell for cell in notebook.cells if slide_type(cell) == "slide"]
    lacking = [number for number, cell in enumerate(begins) if "minutes" not in cell.metadata]
    if not lacking:
        return
    heights: list[float] = []
    for slide in find_slides(notebook):
        if slide.kind == "slide":
            heights.append(0)
        heights[-1] += slide.height
    given = sum(cell.metadata.get("minutes", 0) for cell in begins)
    steps = round((reading_minutes(notebook) - given) / STEP) - len(lacking)
    total = sum(heights[number] for number in lacking)
    shares = {number: max(0, steps) * heights[number] / total for number in lacking}
    # Whole steps first; what is left goes where most was cut off.
    left = max(0, steps) - sum(map(math.floor, shares.values()))
    by_rest = sorted(lacking, key=lambda number: math.floor(shares[number]) - shares[number])
    for place, number in enumerate(by_rest):
        minutes = STEP * (1 + math.floor(shares[number]) + (place < left))
        begins[number].metadata["minutes"] = int(minutes) if minutes.is_integer() else minutes


def main(choice: str | None = None) -> int:
    """Plan the Chinese notebooks, or the chosen one; what they have is kept."""
    for path in find_notebooks(choice):
        notebook = nbformat.read(path, as_version=4)
        plan_types(notebook)
        plan_minutes(notebook)
        print(f"{path.name}: {'written' if write(notebook, path) else 'up to date'}")
    print("Look at them with 'make slides', after 'make sync'.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
