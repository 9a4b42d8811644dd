"""Run notebooks in a project of somebody's own, as those who have another source do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from helpers.environment import PROJECT

# The embedded reviews too: notebook 09 compares its stored training runs with them in every source.
SHIPPED = ("course", "conftest.py", "pyproject.toml", "data/learning_curve.json")
SHIPPED += ("data/improvement.json", "data/learning_rates.json", "data/levers.json")
SHIPPED += ("data/reviews", "exercises")
# It reads the model that 07 saves, so the two cannot run at the same time.
AFTER_THE_OTHERS = "08_analyze_and_predict.ipynb"


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
    """Run every cell of some notebooks, two notebooks at a time, until something fails."""
    paths = sorted((project / "notebooks" / "zh").glob("*.ipynb"))
    chosen = [str(path) for path in paths if path.name[:2] in numbers]
    last = [path for path in chosen if Path(path).name == AFTER_THE_OTHERS]
    first = [path for path in chosen if path not in last]
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env"]
    command += ["-p", "no:cacheprovider"]
    pairs = ["-n", "2", "--dist", "loadfile", *first]
    for group in filter(None, (pairs if first else [], last)):
        done = subprocess.run(
            [*command, *group],
            cwd=project,
            env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            break
    return done
