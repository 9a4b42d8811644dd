"""Which tests run which lines: one run of the light tests, measured by coverage.

It is kept under build/ until a file of the course changes.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import coverage

from course.mutants import record_contexts
from course.mutants.mutant import Mutant
from course.mutants.trial import TrialError, copied, first_failure
from course.test import PAIRS
from helpers.files import write_whole

KEPT = "seen.json"
SETTINGS = """[run]
source = helpers,course,benchmarks,data
patch = subprocess
parallel = true
data_file = {folder}/coverage
disable_warnings = no-data-collected,module-not-measured,module-not-imported
"""
DURATION = re.compile(r"^(\d+\.\d+)s (?:setup|call|teardown)\s+(\S+?)(?:\[|$)", re.MULTILINE)


@dataclass(frozen=True)
class Seen:
    """What one run of the light tests showed.

    Attributes:
        tests: for each file and line, the tests that run it; not those that only import it.
        seconds: how long each test takes, if it takes longer than a moment.
    """

    tests: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def of_lines(self, path: str, first: int, last: int) -> set[str]:
        """Return the tests that run a line between two of a file."""
        lines = self.tests.get(path, {})
        return {test for n in range(first, last + 1) for test in lines.get(n, ())}

    def of_mutant(self, mutant: Mutant) -> set[str]:
        """Return the tests that run what a mutant of a module changes."""
        first, last = span(mutant.before, mutant.line())
        return self.of_lines(mutant.path, first, last)


def span(code: str, line: int) -> tuple[int, int]:
    """Return the lines that run whenever a line of a module matters.

    Args:
        code: the module.
        line: a line of it.

    Returns:
        The first and the last: of its statement; of the whole function or class, if the line is in
        its head; of the whole module for what is done when it is imported.
    """
    innermost: ast.stmt | None = None
    inside = False
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.stmt | ast.ExceptHandler):
            decorators = [each.lineno for each in getattr(node, "decorator_list", [])]
            start = min([node.lineno, *decorators])
            if start <= line <= node.end_lineno:
                if isinstance(innermost, ast.FunctionDef | ast.AsyncFunctionDef):
                    inside = True
                innermost = node
    if innermost is None or not (inside or isinstance(innermost, ast.FunctionDef)):
        if isinstance(innermost, ast.ClassDef):
            return innermost.lineno, innermost.end_lineno
        return 1, len(code.splitlines())
    body = getattr(innermost, "body", None)
    if body and not isinstance(innermost, ast.FunctionDef):
        # The head of an `if`, a `for` or a `with`; not what is in it.
        return innermost.lineno, max(line, body[0].lineno - 1)
    return innermost.lineno, innermost.end_lineno


def digest(project: Path) -> str:
    """Return a digest of every file that the tests read."""
    whole = hashlib.sha256()
    for folder in ("helpers", "course", "benchmarks", "tests", "notebooks", "exercises", "docs"):
        for path in sorted((project / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and "mutants" not in path.parts:
                whole.update(str(path.relative_to(project)).encode() + path.read_bytes())
    return whole.hexdigest()


def look(project: Path, folder: Path) -> Seen:
    """Return which tests run which lines, from the run that is kept or from a new one.

    Args:
        project: the course's folder.
        folder: where the result is kept.

    Raises:
        TrialError: if a test fails without any mutant.
    """
    kept = folder / KEPT
    current = digest(project)
    if kept.exists():
        content = json.loads(kept.read_text(encoding="utf-8"))
        if content["digest"] == current:
            tests = {
                path: {int(line): names for line, names in lines.items()}
                for path, lines in content["tests"].items()
            }
            return Seen(tests, content["seconds"])
    print("Running the light tests once, to see which lines each of them runs …")
    seen = measure(project)
    write_whole(kept, json.dumps({"digest": current, "tests": seen.tests, "seconds": seen.seconds}))
    return seen


def measure(project: Path) -> Seen:
    """Run the light tests in a copy of the project, under coverage."""
    with copied(project) as copy, tempfile.TemporaryDirectory() as scratch:
        settings = Path(scratch, "settings")
        settings.write_text(SETTINGS.format(folder=scratch), encoding="utf-8")
        tests = sorted(path.relative_to(copy).as_posix() for path in copy.glob("tests/test_*.py"))
        command = [sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest"]
        command += ["-q", *PAIRS, "-p", record_contexts.__name__, "-p", "no:cacheprovider"]
        command += ["--durations=0", "--durations-min=0.05", *tests]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(copy)}
        result = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
        if result.returncode:
            raise TrialError(f"{first_failure(result.stdout)} fails without any mutant.")
        return read(Path(scratch), copy, result.stdout)


def read(folder: Path, project: Path, printed: str) -> Seen:
    """Read what coverage wrote into a folder, and the durations that pytest printed."""
    data = coverage.CoverageData(str(folder / "combined"))
    for path in sorted(folder.glob("coverage.*")):
        part = coverage.CoverageData(str(path))
        part.read()
        data.update(part)
    tests = {}
    for file in data.measured_files():
        contexts = data.contexts_by_lineno(file)
        name = Path(file).relative_to(project).as_posix()
        tests[name] = {
            line: sorted(filter(None, names)) for line, names in contexts.items() if any(names)
        }
    seconds: dict[str, float] = defaultdict(float)
    for duration, test in DURATION.findall(printed):
        seconds[test] += float(duration)
    return Seen(tests, dict(seconds))
