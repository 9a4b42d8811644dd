"""The test commands: what each of them runs, in order."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from course.environment import install
from course.environment.chromium import require_chromium
from course.notebooks import answers, pictures
from course.notebooks.execute import find_notebooks
from helpers.environment import PROJECT

# They train for long, the first ones longest.
TRAINING = ("07", "08", "09", "12", "13", "11", "00")
PAIRS = ("-n", "2", "--dist", "loadfile")
SLOWEST = ("--durations=5",)
# nbval waits for an answer even if the kernel is dead: no cell takes a quarter of an hour.
NBVAL = ("--nbval", "--nbval-current-env", "--nbval-cell-timeout=900")
# A core for each of two notebooks: one that trains does not fill both.
NOTEBOOKS = (*PAIRS, "--no-loadscope-reorder")
# Files that share what takes long to make, the model of 07, the slides or the site: one process
# runs them, one after the other.
TOGETHER = (
    ("07_", "08_", "09_"),
    ("test_decks.", "test_presenting."),
    ("test_website.", "test_browsing.", "test_try_page.", "test_trying."),
)
# For each command how pytest runs its tests, and their folders.
FOLDERS = {
    "test-processes": (*PAIRS, "tests/processes"),
    "test-hub": (*PAIRS, "tests/hub"),
    "test-own": ("tests/own",),
    "test-site": (*PAIRS, "tests/site"),
    "test-grading": ("-n", "2", "tests/grading"),
    "test-browser": (*PAIRS, "tests/site", "tests/browser"),
    "test-demo": ("tests/demo",),
    "test-faults": (*PAIRS, "tests/faults"),
    "test-canary": (*PAIRS, "tests/canary"),
}


def run(python: str, *arguments: str, **variables: str) -> bool:
    """Run a module of a Python in the project's folder; return whether it succeeded."""
    environment = os.environ | variables
    return not subprocess.call([python, "-m", *arguments], cwd=PROJECT, env=environment)


def test_light(python: str) -> bool:
    """Run the tests that need nothing but the course's own environment."""
    tests = sorted(map(str, (PROJECT / "tests").glob("test_*.py")))
    return run(python, "pytest", "-q", *SLOWEST, *PAIRS, *tests, OMP_NUM_THREADS="1")


def compare_notebooks(python: str, light_only: bool) -> bool:
    """Compare what notebooks and their answers print with the stored outputs.

    Args:
        python: the Python that runs them.
        light_only: whether to leave out those that train for long.
    """
    copies = longest_first(answers.write_copies(find_notebooks()))
    chosen = [str(path) for path in copies if not (light_only and path.name[:2] in TRAINING)]
    nbval = ("pytest", "-q", *SLOWEST, *NBVAL, *NOTEBOOKS)
    return run(python, *nbval, *chosen, OMP_NUM_THREADS="1")


def longest_first(notebooks: Iterable[Path]) -> list[Path]:
    """Order notebooks so that two cores end at about the same time."""
    order = {number: place for place, number in enumerate((*TRAINING, "05", "06"))}
    return sorted(notebooks, key=lambda path: order.get(path.name[:2], len(order)))


def group(path: str) -> str:
    """Return what the files that one process runs, one after the other, have in common.

    Args:
        path: a file of tests or a notebook.
    """
    together = (names for names in TOGETHER if Path(path).name.startswith(names))
    return next(together, (path,))[0]


def test_all() -> bool:
    """Lint, run the tests that need nothing but `.venv`, and compare the notebooks."""
    here = sys.executable
    return (
        run(here, "ruff", "check")
        and run(here, "ruff", "format", "--check")
        and test_light(here)
        and compare_notebooks(here, light_only=bool(os.environ.get("QUICK")))
    )


def test_pythons() -> bool:
    """Run the light tests and notebooks on every Python here, and a kernel without the course."""
    results = {}
    for version in reversed(install.supported_versions()):
        number = ".".join(map(str, version))
        base = install.find_version(version)
        if base is None:
            results[number] = "not on this machine, left out"
            continue
        folder = f"build/python-{number}"
        environment = dataclasses.replace(install.ENVIRONMENTS["course"], folder=folder)
        there = install.prepare_environment(environment, base)
        print(f"\nPython {number}: {there}")
        passed = test_light(there) and compare_notebooks(there, light_only=True)
        results[number] = "passed" if passed else "failed"
    print("\n".join(f"Python {number}: {result}" for number, result in results.items()))
    kernel = run(sys.executable, "pytest", "-q", "tests/pythons")
    return kernel and "failed" not in results.values()


def main(arguments: list[str]) -> int:
    """Run the tests of a command; return 1 if one failed.

    Args:
        arguments: the command, then any options of pytest.
    """
    name, *options = arguments
    if name == "test":
        return int(not test_all())
    if name == "test-pythons":
        return int(not test_pythons())
    if name == "pictures":
        return main(["test-browser", *options]) or pictures.main([])
    if name == "test-browser":
        require_chromium()
    if name == "test-faults":
        # It also starts the commands that run there.
        install.prepare("grade")
    quick = ("-m", "not slow") if os.environ.get("QUICK") else ()
    return int(not run(sys.executable, "pytest", "-q", *SLOWEST, *quick, *options, *FOLDERS[name]))
