"""The test commands: what each of them runs, in order."""

from __future__ import annotations

import os
import subprocess
import sys

from course.environment.chromium import require_chromium
from course.environment.kernel import PROJECT
from course.notebooks import answers, pictures
from course.notebooks.execute import find_notebooks

# They train for long on both cores: they are compared one by one, the others in pairs.
TRAINING = ("00", "07", "08", "09", "11")
PAIRS = ("-n", "2", "--dist", "loadfile")
SLOWEST = ("--durations=5",)
# For each command the folders of its tests, and how pytest runs them.
FOLDERS = {
    "test-processes": ("tests/processes", PAIRS),
    "test-hub": ("tests/hub", PAIRS),
    "test-site": ("tests/site", ()),
    "test-grading": ("tests/grading", ("-n", "2")),
    "test-browser": ("tests/browser", PAIRS),
    "test-demo": ("tests/demo", ()),
}


def python(*arguments: str, **variables: str) -> bool:
    """Run a module of this Python in the project's folder; return whether it succeeded."""
    environment = os.environ | variables
    return not subprocess.call([sys.executable, "-m", *arguments], cwd=PROJECT, env=environment)


def compare_notebooks() -> bool:
    """Compare what every notebook and its answers print with the stored outputs."""
    light, training = [], []
    for copy in answers.write_copies(find_notebooks()):
        (training if copy.name[:2] in TRAINING else light).append(str(copy))
    nbval = ("pytest", "-q", "--nbval", "--nbval-current-env")
    return python(*nbval, *PAIRS, *light, OMP_NUM_THREADS="1") and python(*nbval, *training)


def test_all() -> bool:
    """Lint, run the tests that need nothing but `.venv`, and compare the notebooks."""
    tests = sorted(map(str, (PROJECT / "tests").glob("test_*.py")))
    return (
        python("ruff", "check")
        and python("ruff", "format", "--check")
        and python("pytest", "-q", *SLOWEST, *PAIRS, *tests, OMP_NUM_THREADS="1")
        and compare_notebooks()
    )


def main(arguments: list[str]) -> int:
    """Run the tests of a command; return 1 if one failed.

    Args:
        arguments: the command, then any options of pytest.
    """
    name, *options = arguments
    if name == "test":
        return int(not test_all())
    if name == "pictures":
        return main(["test-browser", *options]) or pictures.main([])
    if name == "test-browser":
        require_chromium()
    folder, how = FOLDERS[name]
    quick = ("-m", "not slow") if os.environ.get("QUICK") else ()
    return int(not python("pytest", "-q", *SLOWEST, *how, *quick, *options, folder))
