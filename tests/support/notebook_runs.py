"""Run notebooks in a project of somebody's own, as those who have another source do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from course.test import NOTEBOOKS, longest_first
from helpers.environment import PROJECT

# The embedded reviews too: notebook 09 compares its stored training runs with them in every source.
SHIPPED = ("course", "conftest.py", "pyproject.toml", "data/learning_curve.json")
SHIPPED += ("data/improvement.json", "data/learning_rates.json", "data/levers.json")
SHIPPED += ("data/reviews", "exercises")


def copy_project(folder: Path) -> Path:
    """Make a project of the learner's own, without what other runs have left in it."""
    ignore = shutil.ignore_patterns("__pycache__", ".*")
    for name in ("helpers", "notebooks"):
        shutil.copytree(PROJECT / name, folder / name, ignore=ignore)
    (folder / "data").mkdir()
    for name in SHIPPED:
        (folder / name).symlink_to(PROJECT / name)
    return folder


def run_notebooks(
    project: Path, numbers: Sequence[str], variables: Mapping[str, str]
) -> subprocess.CompletedProcess:
    """Run every cell of some notebooks, two notebooks at a time."""
    paths = longest_first((project / "notebooks" / "zh").glob("*.ipynb"))
    chosen = [str(path) for path in paths if path.name[:2] in numbers]
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env"]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", *NOTEBOOKS, *chosen],
        cwd=project,
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
        capture_output=True,
        text=True,
    )
