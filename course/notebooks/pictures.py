"""Take over the pictures that the browser tests made, and say what each shows.

A picture keeps a digest of what it shows, so that a test finds it when that has changed since.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from course.environment.kernel import PROJECT
from course.notebooks.execute import find_notebooks
from course.notebooks.languages import TRANSLATION, notebook_folder

MADE = PROJECT / "build" / "browser"
KEPT = PROJECT / "docs" / "images"
DIGEST = "shows"

# For each picture, the cells of the English notebooks that are on it.
CELLS = {
    "jupyterlab_table": [("02_random_display", "show")],
    "jupyterlab_training": [("00_quickstart", "train")],
    "jupyterlab_box": [("08_analyze_and_predict", "box-text"), ("08_analyze_and_predict", "box")],
    "slides": [("02_random_display", "faults"), ("02_random_display", "unlabelled-fault")],
    "slides_notes": [("02_random_display", "faults"), ("02_random_display", "unlabelled-fault")],
    "site_search": [(path.stem, "title") for path in find_notebooks()],
}


def content(cell: NotebookNode) -> list:
    """Return what a picture shows of a cell: of a title the heading; no numbers of a clock."""
    if cell.id == "title":
        return [cell.source.partition("\n")[0]]
    compared = "nbval-ignore-output" not in cell.metadata.get("tags", [])
    return [cell.source, cell.get("outputs", []) if compared else []]


def digest(name: str) -> str:
    """Return the sha256 of what is on a picture, as the notebooks have it now."""
    shown = []
    for stem, cell_id in CELLS[name]:
        path = notebook_folder(TRANSLATION) / f"{stem}.ipynb"
        cells = nbformat.read(path, as_version=4).cells
        shown.append(content(next(cell for cell in cells if cell.id == cell_id)))
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def kept_digest(path: Path) -> str:
    """Return the digest that a picture keeps; empty if it keeps none."""
    with Image.open(path) as picture:
        return picture.info.get(DIGEST, "")


def main(arguments: Sequence[str] = ()) -> int:
    """Take over every picture.

    Raises:
        SystemExit: if the browser tests have not made them all.
    """
    missing = [name for name in CELLS if not (MADE / f"{name}.png").is_file()]
    if missing:
        raise SystemExit(
            f"The browser tests have made no {', '.join(missing)}: run "
            "'python -m course pictures', which runs them first."
        )
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in CELLS:
        note = PngInfo()
        note.add_text(DIGEST, digest(name))
        with Image.open(MADE / f"{name}.png") as picture:
            # 128 colours are enough for a screen, and a quarter of the size.
            few = picture.convert("RGB").quantize(128)
            few.save(KEPT / f"{name}.png", pnginfo=note, optimize=True)
    print(f"{len(CELLS)} pictures: {KEPT.relative_to(PROJECT)}")
    return 0
