"""Make the learners' versions of the exercises with nbgrader.

It runs in an environment of its own, build/nbgrader, which sees the course's packages too.
"""

import os
import shutil
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from course.environment.kernel import PROJECT

if TYPE_CHECKING:
    from nbgrader.apps import NbGraderAPI

SOURCE = PROJECT / "exercises" / "source"
OUTPUT = PROJECT / "build" / "assignments"

# How long a cell of a submission may run. nbgrader's 30 seconds are too short for the first import
# of PyTorch on a busy machine.
CELL_SECONDS = 120


def assignment_names(source: Path = SOURCE) -> list[str]:
    """Return the assignments in order; each is a folder with a notebook of the same name."""
    return sorted(path.name for path in source.iterdir() if (path / f"{path.name}.ipynb").is_file())


def open_course(folder: Path) -> "NbGraderAPI":
    """Make a course for nbgrader in an empty folder, with the source notebooks in it.

    Args:
        folder: the place for the copies, the gradebook and everything that nbgrader makes.

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
    shutil.copytree(SOURCE, folder / "source", ignore=shutil.ignore_patterns(".*"))
    config = Config()
    config.CourseDirectory.root = str(folder)
    # A check that a learner deleted is put back, and fails without an answer.
    config.OverwriteCells.add_missing_cells = True
    config.Execute.timeout = CELL_SECONDS
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
    outcome = course.generate_assignment(name)
    if not outcome["success"]:
        raise RuntimeError(f"nbgrader refuses exercises/source/{name}: {outcome['log']}")
    return Path(course.coursedir.root, "release", name, f"{name}.ipynb")


def main(arguments: Sequence[str] = ()) -> int:
    """Make the learners' versions again."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    with TemporaryDirectory() as folder:
        course = open_course(Path(folder))
        for name in assignment_names():
            shutil.copy(release(course, name), OUTPUT)
    count = len(list(OUTPUT.glob("*.ipynb")))
    print(f"{count} notebooks without solutions and hidden tests: {OUTPUT.relative_to(PROJECT)}")
    return 0
