"""Which tests and notebooks can see a mutant, the cheapest first."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from course.mutants.mutant import Mutant
from course.mutants.seen import Seen
from course.mutants.trial import Step
from course.notebooks.execute import code_of
from course.test import NBVAL, TRAINING

# The tests that read what is changed: in seconds, and all together.
READERS = {
    "notebook": ("test_languages", "test_notebooks", "test_accessibility", "test_pictures"),
    "code": ("test_languages", "test_notebooks", "test_shared_numbers", "test_taught_functions"),
    "page": (
        "test_documents",
        "test_notebooks",
        "test_accessibility",
        "test_pictures",
        "test_hosted",
        "test_pins",
        "test_front_door",
        "test_languages",
        "test_reviews_data",
        "test_torch_index",
    ),
}
# For files that the light tests do not run, or not all of: a folder of tests of their own.
FOLDERS = {
    "course/hub/mirror.py": "tests/hub/test_mirror.py",
    "course/hub/": "tests/hub/test_fetch.py",
    "helpers/hub.py": "tests/hub",
    "helpers/local_hub.py": "tests/hub/test_local_hub.py",
    "course/publish/": "tests/site",
    "course/classroom/": "tests/grading",
    "course/serve/demo": "tests/demo",
    "helpers/finetune": "tests/processes",
    "helpers/launch.py": "tests/processes",
    "helpers/checkpoints.py": "tests/processes",
    "helpers/run_record.py": "tests/processes",
}
# The library copies these scripts before it runs them, so coverage does not see them.
SCRIPTS, THEIR_TESTS = "helpers/metrics/", "tests/test_metrics.py"
# It imports each of its modules, for the exercises that they declare.
WHOLE_PACKAGE = "helpers.check"
# These need packages of another environment.
ELSEWHERE = ("tests/grading", "tests/demo")
# More than the tests take when nothing is wrong, on a machine that is busy.
LIGHT_SECONDS, NOTEBOOK_SECONDS, LONG_SECONDS = 300.0, 300.0, 600.0
# Of the tests of other modules that run a line, as many as take this long together.
MOST_SECONDS = 60.0
MOMENT = 0.05


def steps(mutant: Mutant, project: Path, seen: Seen) -> list[Step]:
    """Return the tests that can see a mutant, the cheapest first.

    Args:
        mutant: the change.
        project: the course's folder.
        seen: which tests run which lines.
    """
    if mutant.cell is not None:
        if mutant.part == "prose":
            return [readers("notebook")]
        kind = "code" if mutant.part == "code" else "notebook"
        return [readers(kind), comparison(mutant.path)]
    if not mutant.path.endswith(".py"):
        return [readers("page")]
    found = []
    if mutant.path.startswith(SCRIPTS):
        found.append(Step((THEIR_TESTS,), LIGHT_SECONDS))
    if tests := light_tests(mutant, seen):
        found.append(Step(tuple(tests), LIGHT_SECONDS))
    # Coverage does not see every child process, and a fixture of the whole session counts as run by
    # the first test that asks for it.
    if tests := tests_that_use(mutant.path, project):
        found.append(Step(tuple(tests), NOTEBOOK_SECONDS, is_quick=False))
    found += map(comparison, notebooks_that_use(mutant, project))
    folder = next((tests for path, tests in FOLDERS.items() if mutant.path.startswith(path)), None)
    if folder and folder not in ELSEWHERE:
        found.append(Step((folder, "-m", "not slow"), LONG_SECONDS, is_quick=False))
    return found


def left_out(mutant: Mutant, found: list[Step]) -> str:
    """Return why a mutant is not tried; an empty text if it is.

    Args:
        mutant: the change.
        found: the tests that can see it.
    """
    for path, folder in FOLDERS.items():
        if not found and mutant.path.startswith(path) and folder in ELSEWHERE:
            return f"only {folder} runs it, in another environment"
    return ""


def readers(kind: str) -> Step:
    """Return the tests that read prose, code or plots of a notebook, or a page."""
    tests = tuple(f"tests/{name}.py" for name in READERS[kind])
    # They run none of what is changed, so no change makes them slow.
    return Step(tests, LIGHT_SECONDS, is_quick=False)


def light_tests(mutant: Mutant, seen: Seen) -> list[str]:
    """Return the light tests that run what a mutant changes: the module's own, and cheap ones."""

    def cost(test: str) -> tuple[float, str]:
        return seen.seconds.get(test, MOMENT), test

    tests = sorted(seen.of_mutant(mutant), key=cost)
    mine = f"tests/test_{Path(mutant.path).stem}"
    own = [test for test in tests if test.startswith(mine)]
    others, seconds = [], 0.0
    for test in (test for test in tests if test not in own):
        seconds += seen.seconds.get(test, MOMENT)
        if (own or others) and seconds > MOST_SECONDS:
            break
        others.append(test)
    return own + others


def takes_long(step: Step) -> bool:
    """Say whether a step compares a notebook that trains, or runs a folder of heavy tests."""
    return step.seconds >= LONG_SECONDS


def tests_that_use(path: str, project: Path) -> list[str]:
    """Return the light tests that import a module, or a package that imports all of its own."""
    names = {module_name(path)}
    if module_name(path).startswith(WHOLE_PACKAGE):
        names.add(WHOLE_PACKAGE)
    return [name for name, modules in users(project, "tests") if names & modules]


def comparison(path: str) -> Step:
    """Return the comparison of a notebook's outputs with what is stored."""
    trains = Path(path).name[:2] in TRAINING
    seconds = LONG_SECONDS if trains else NOTEBOOK_SECONDS
    return Step((*NBVAL, path), seconds, None if trains else 1, is_quick=False)


def imports(code: str) -> Iterator[str]:
    """Yield the modules that a Python text imports."""
    lines = [line for line in code.splitlines() if not line.startswith(("%", "!"))]
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def notebooks_that_use(mutant: Mutant, project: Path) -> list[str]:
    """Return two notebooks that import a module and do not train; if none, one that trains.

    The first are those that import the very function or class that is changed.
    """
    module = module_name(mutant.path)
    changed = f"{module}.{owner(mutant.before, mutant.line())}"

    found = [user for user in users(project, "notebooks") if module in user[1]]
    names = [name for name, _ in sorted(found, key=lambda user: changed not in user[1])]
    light = [name for name in names if Path(name).name[:2] not in TRAINING]
    return light[:2] or names[:1]


def owner(code: str, line: int) -> str:
    """Return the function or class, at the left margin of a module, that a line is in."""
    for node in ast.parse(code).body:
        named = isinstance(node, ast.FunctionDef | ast.ClassDef)
        if named and node.lineno <= line <= node.end_lineno:
            return node.name
    return ""


def module_name(path: str) -> str:
    """Return the name by which a file is imported."""
    return path.removesuffix(".py").replace("/", ".")


@cache
def users(project: Path, folder: str) -> list[tuple[str, set[str]]]:
    """Return the light tests, or the notebooks, each with the modules that it imports."""
    pattern = "test_*.py" if folder == "tests" else "zh/*.ipynb"
    found = []
    for path in sorted((project / folder).glob(pattern)):
        is_notebook = path.suffix == ".ipynb"
        text = code_of(path) if is_notebook else path.read_text(encoding="utf-8")
        found.append((path.relative_to(project).as_posix(), set(imports(text))))
    return found
