"""Copy the screenshots of the browser tests into the documentation, smaller.

Each picture stores a digest of the cells that it shows, so that a test notices when they change.
"""

import hashlib
import json
from collections.abc import Sequence

import nbformat
from nbformat import NotebookNode
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from course.notebooks.execute import find_notebooks
from course.notebooks.languages import LANGUAGES, notebook_folder
from helpers.environment import PROJECT

SCREENSHOTS = PROJECT / "build" / "browser"
PICTURES = PROJECT / "docs" / "images"
DIGEST = "shows"

# The cells of the notebooks that each picture shows.
SHOWN_CELLS = {
    "jupyterlab_table": [("02_random_display", "show")],
    "jupyterlab_training": [("00_quickstart", "train")],
    "jupyterlab_box": [("08_analyze_and_predict", "box-text"), ("08_analyze_and_predict", "box")],
    "slides": [("02_random_display", "faults"), ("02_random_display", "unlabelled-fault")],
    "slides_notes": [("02_random_display", "faults"), ("02_random_display", "unlabelled-fault")],
    "site_search": [(path.stem, "title") for path in find_notebooks()],
}


def visible_parts(cell: NotebookNode) -> list:
    """Return what a picture shows of a cell, without outputs that differ between runs."""
    # The search results show only the heading of a title.
    if cell.id == "title":
        return [cell.source.partition("\n")[0]]
    compared = "nbval-ignore-output" not in cell.metadata.get("tags", [])
    return [cell.source, cell.get("outputs", []) if compared else []]


def digest(name: str, language: str) -> str:
    """Return the sha256 of a picture's name and of what it should show, as it is now."""
    shown: list[object] = [name]
    for stem, cell_id in SHOWN_CELLS[name]:
        path = notebook_folder(language) / f"{stem}.ipynb"
        cells = nbformat.read(path, as_version=4).cells
        shown.append(visible_parts(next(cell for cell in cells if cell.id == cell_id)))
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def main(arguments: Sequence[str] = ()) -> int:
    """Copy every picture.

    Raises:
        SystemExit: if the browser tests have not taken all of them.
    """
    taken = [f"{language}/{name}.png" for language in LANGUAGES for name in SHOWN_CELLS]
    missing = [name for name in taken if not (SCREENSHOTS / name).is_file()]
    if missing:
        raise SystemExit(
            f"The browser tests have not taken {', '.join(missing)}: run "
            "'python -m course pictures', which runs them first."
        )
    for name in taken:
        path = PICTURES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        note = PngInfo()
        note.add_text(DIGEST, digest(path.stem, path.parent.name))
        with Image.open(SCREENSHOTS / name) as picture:
            # 128 colours are enough for a screenshot, and take a quarter of the space.
            few = picture.convert("RGB").quantize(128)
            few.save(path, pnginfo=note, optimize=True)
    print(f"{len(taken)} pictures: {PICTURES.relative_to(PROJECT)}")
    return 0
