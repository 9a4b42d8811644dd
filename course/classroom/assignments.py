"""Make the learners' versions of the exercises with nbgrader.

It runs in an environment of its own, build/nbgrader, which sees the course's packages too.
"""

import hashlib
import json
import os
import shutil
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from helpers.environment import PROJECT
from helpers.files import write_whole

if TYPE_CHECKING:
    from nbgrader.apps import NbGraderAPI

SOURCE = PROJECT / "exercises" / "source"
OUTPUT = PROJECT / "build" / "assignments"
# The digests of the notebooks as they were written, by which one is known that was changed since.
RECORD = ".written.json"

# How long a cell of a submission may run. nbgrader's 30 seconds are too short for the first import
# of PyTorch on a busy machine.
CELL_SECONDS = 120


def assignment_names() -> list[str]:
    """Return the assignments in order; each is a folder with a notebook of the same name."""
    return sorted(path.name for path in SOURCE.iterdir() if (path / f"{path.name}.ipynb").is_file())


def open_course(folder: Path, cell_seconds: int = CELL_SECONDS) -> "NbGraderAPI":
    """Make a course for nbgrader in a folder.

    Args:
        folder: the place for the gradebook and everything else that nbgrader makes.
        cell_seconds: how long a cell of a submission may run.

    Returns:
        nbgrader's own interface to the course.
    """
    # Imported here, because what needs no grading, such as the names, works without nbgrader.
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    # nbgrader searches the path for a program that is installed with it.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    # Its database layer warns about nbgrader's own code.
    warnings.filterwarnings("ignore", module=r"nbgrader\.")
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.Execute.timeout = cell_seconds
    # Store no history; do not warn that loopback is not encrypted.
    config.Execute.extra_arguments = ["--HistoryManager.hist_file=:memory:", "--log-level=ERROR"]
    return NbGraderAPI(config=config)


def release(course: "NbGraderAPI", name: str) -> Path:
    """Enter an assignment into the gradebook, and make the learners' version of its notebook.

    Args:
        course: what `open_course` returned.
        name: the assignment.

    Returns:
        The path of the notebook without solutions and hidden tests.

    Raises:
        RuntimeError: if nbgrader refuses the source notebook.
    """
    root = Path(course.coursedir.root)
    ignored = shutil.ignore_patterns(".*")
    shutil.copytree(SOURCE / name, root / "source" / name, ignore=ignored, dirs_exist_ok=True)
    outcome = course.generate_assignment(name)
    if not outcome["success"]:
        raise RuntimeError(f"nbgrader refuses exercises/source/{name}: {outcome['log']}")
    return root / "release" / name / f"{name}.ipynb"


def hand_out(notebooks: Sequence[Path], output: Path) -> list[str]:
    """Write the learners' notebooks into a folder, and leave alone what somebody has changed there.

    Args:
        notebooks: what `release` returned for each assignment.
        output: the folder.

    Returns:
        The names of the notebooks that were changed since they were written, and stay.
    """
    try:
        record = json.loads((output / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = {}
    changed = []
    for notebook in notebooks:
        content, path = notebook.read_bytes(), output / notebook.name
        there = digest(path.read_bytes()) if path.exists() else None
        if there not in (None, digest(content), record.get(path.name)):
            changed.append(path.name)
            continue
        # First the record: if the program stops in between, the old notebook counts as changed.
        record[path.name] = digest(content)
        write_whole(output / RECORD, json.dumps(record, indent=1))
        write_whole(path, content)
    return changed


def digest(content: bytes) -> str:
    """Return the sha256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def main(arguments: Sequence[str] = ()) -> int:
    """Make the learners' versions again."""
    names = assignment_names()
    with TemporaryDirectory() as folder:
        course = open_course(Path(folder))
        changed = hand_out([release(course, name) for name in names], OUTPUT)
    shown = OUTPUT.relative_to(PROJECT)
    for name in changed:
        print(f"{shown / name} has been changed, and stays: rename it to get a new one")
    count = len(names) - len(changed)
    print(f"{count} notebooks without solutions and hidden tests: {shown}")
    return 0
