"""Find the notebooks that learners handed in, read them, and repair what nbgrader relies on.

What is read here was written by others: nothing in it is taken for granted, and nothing is run.
"""

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LAYOUT = "one folder for each learner, with the learner's notebooks in it"
LARGEST = 50_000_000

Notebook = dict[str, Any]


class SubmissionError(Exception):
    """A submission cannot be graded; the message says why."""


def find_files(folder: Path) -> list[tuple[str, Path | None]]:
    """List the files that were handed in, each with its learner.

    Args:
        folder: one folder for each learner; hidden files and folders in it are left out.

    Returns:
        A learner who handed in nothing is there too, with None for the file.

    Raises:
        SystemExit: if the folder does not exist, is empty, or has a notebook outside of those.
    """
    if not folder.is_dir():
        raise SystemExit(
            f"There is no folder {folder}: pass python -m course grade FOLDER, {LAYOUT}."
        )
    visible = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    loose = [path.name for path in visible if path.suffix == ".ipynb"]
    if loose:
        raise SystemExit(
            f"{loose[0]} is in {folder} itself, which does not say whose it is: pass {LAYOUT}."
        )
    found: list[tuple[str, Path | None]] = []
    for learner in filter(Path.is_dir, visible):
        files = [path for path in sorted(learner.rglob("*")) if is_handed_in(path, learner)]
        found += [(learner.name, path) for path in files or [None]]
    if not any(path for _, path in found):
        raise SystemExit(f"There is nothing to grade in {folder}: {LAYOUT}.")
    return found


def is_handed_in(path: Path, learner: Path) -> bool:
    """Say whether a path below a learner's folder is no folder, and not hidden."""
    hidden = any(part.startswith(".") for part in path.relative_to(learner).parts)
    return not hidden and not path.is_dir()


def read_submission(path: Path, names: Sequence[str]) -> tuple[str, Notebook]:
    """Read a file, and say which assignment it answers.

    Args:
        path: the file; its name begins with that of the assignment.
        names: the assignments.

    Returns:
        The assignment and the notebook.

    Raises:
        SubmissionError: if it is not a notebook of an assignment.
    """
    if path.suffix != ".ipynb":
        raise SubmissionError(f"{path.name} is not a notebook (.ipynb)")
    name = next((name for name in names if path.stem.startswith(name)), None)
    if name is None:
        raise SubmissionError(
            f"{path.name} is not an assignment: give it a name that begins with that of one, such "
            f"as {names[0]}"
        )
    if not path.is_file():
        raise SubmissionError(f"{path.name} is no file, or a link to none: get the file itself")
    if path.stat().st_size > LARGEST:
        raise SubmissionError(
            f"{path.name} is larger than {LARGEST // 1_000_000} MB: clear its outputs"
        )
    try:
        # Editors on Windows put a mark in front of UTF-8.
        notebook = json.loads(path.read_text(encoding="utf-8-sig"))
        ids = {marks(cell).get("grade_id") for cell in notebook["cells"]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SubmissionError(
            f"{path.name} is not a notebook: it was cut off or changed by hand"
        ) from None
    except OSError as error:
        raise SubmissionError(f"{path.name} cannot be read: {error.strerror}") from None
    if not any(str(name).startswith("exercise-") for name in ids):
        raise SubmissionError(
            f"{path.name} has the assignment's name but is another notebook: hand in the one "
            "that 'python -m course assignments' made"
        )
    return name, notebook


def marks(cell: Notebook) -> Notebook:
    """Return what nbgrader notes about a cell; nothing if it is the learner's own."""
    return cell["metadata"].get("nbgrader", {})


def mend(notebook: Notebook, released: Notebook) -> Notebook:
    """Return a notebook in which every cell of the assignment is there once, as it was marked.

    JupyterLab copies nbgrader's marks when a cell is split or copied, and nbgrader cannot grade a
    notebook in which two cells have the same: the last one keeps them, as with nbgrader itself. A
    check that was deleted is put back, and an empty cell in place of an answer.

    Args:
        notebook: what a learner handed in.
        released: the assignment as it was handed out.
    """
    mended = copy.deepcopy(notebook)
    originals = {marks(cell)["grade_id"]: cell for cell in released["cells"] if marks(cell)}
    places = {}
    for cell in reversed(mended["cells"]):
        grade_id = marks(cell).get("grade_id")
        cell["metadata"].pop("nbgrader", None)
        if grade_id in originals and grade_id not in places:
            cell["metadata"]["nbgrader"] = originals[grade_id]["metadata"]["nbgrader"]
            places[grade_id] = cell
    before = -1
    for grade_id, original in originals.items():
        if grade_id not in places:
            put_back = copy.deepcopy(original)
            if marks(original)["solution"]:
                put_back["source"] = ""
            mended["cells"].insert(before + 1, put_back)
            places[grade_id] = put_back
        before = next(
            index for index, cell in enumerate(mended["cells"]) if cell is places[grade_id]
        )
    return mended
