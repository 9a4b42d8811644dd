"""Try a mutant: a copy of the project with the change, and tests that are run until one fails."""

from __future__ import annotations

import base64
import contextlib
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from course.mutants.mutant import Mutant

# The libraries that most tests import, which takes longer than most tests: one process imports
# them, and every trial begins as a copy of that process.
LIBRARIES = ["evaluate", "hypothesis", "matplotlib.pyplot", "nbformat", "onnxruntime", "pandas"]
LIBRARIES += ["pytest", "sklearn.linear_model", "torch", "transformers", "transformers.trainer"]
OWN = ("benchmarks", "conftest", "course", "helpers", "support")
NO_TESTS = 5
LEFT_OUT = (".git", ".venv", "build", "hf", "mirror", "__pycache__", ".*_cache", "*.egg-info")


@dataclass(frozen=True)
class Step:
    """Tests that are run together.

    Attributes:
        arguments: the tests, and any options of pytest.
        seconds: how long they may take.
        threads: how many cores they may use; None is all.
        is_quick: whether they take far less than that, so that who takes longer does not end.
    """

    arguments: tuple[str, ...]
    seconds: float
    threads: int | None = 1
    is_quick: bool = True


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Attributes:
        outcome: `killed`, `timed out` (which is killed too), `survived`, or `too slow`: what could
            have noticed it did not end in time, and takes long anyway.
        by: the test that noticed it, or that was too slow; for a survivor how many steps were run.
    """

    outcome: str
    by: str = ""

    @property
    def killed(self) -> bool:
        """Whether something noticed the mutant."""
        return self.outcome in ("killed", "timed out")


class TrialError(Exception):
    """A mutant could not be tried; the message says why."""


@contextlib.contextmanager
def copied(project: Path) -> Iterator[Path]:
    """Give a copy of a project without what is downloaded or made, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as scratch:
        # The tests of the sandbox look at it as nobody.
        Path(scratch).chmod(0o755)
        copy = Path(scratch, project.name)
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
        if (project / ".venv").exists():
            (copy / ".venv").symlink_to((project / ".venv").resolve())
        yield copy


def plant(mutant: Mutant, project: Path) -> None:
    """Write a mutant into a copy of the project: code and plots of a notebook in each language.

    Raises:
        TrialError: if the text to change is not there.
    """
    path = project / mutant.path
    if mutant.cell is None:
        new = mutant.after
        path.write_bytes(base64.b64decode(new) if mutant.part == "picture" else new.encode())
        return
    paths = [path]
    if mutant.part != "prose":
        paths = sorted(path.parent.parent.glob(f"*/{path.name}"))
    for each in paths:
        notebook = json.loads(each.read_text(encoding="utf-8"))
        cell = next(cell for cell in notebook["cells"] if cell["id"] == mutant.cell)
        change_cell(cell, mutant)
        # As nbformat writes it.
        text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
        each.write_text(text + "\n", encoding="utf-8")


def change_cell(cell: dict, mutant: Mutant) -> None:
    """Change a cell of a notebook."""
    if mutant.part in ("code", "prose"):
        if "".join(cell["source"]) != mutant.before:
            raise TrialError(f"{mutant.place}: the cell is not the one that was changed.")
        cell["source"] = mutant.after.splitlines(keepends=True)
        return
    for output in cell["outputs"]:
        data = output.get("data", {})
        if mutant.part == "picture" and "image/png" in data:
            data["image/png"] = mutant.after
        elif mutant.part == "alt" and "image/png" in data:
            output["metadata"]["image/png"]["alt"] = mutant.after


def context() -> multiprocessing.context.BaseContext:
    """Return how trials are started: from a process that has the libraries, where there is one."""
    os.environ["OMP_NUM_THREADS"] = "1"
    # A trial ends its process at once, and leaves the semaphores of the libraries to the system.
    sys.warnoptions.append("ignore:resource_tracker")
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(LIBRARIES)
    return made


def in_copy(project: str, arguments: Sequence[str], log: str, threads: int | None) -> None:
    """Run pytest in a copy of the project, in this process, and end the process."""
    with open(log, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(project)
    for name in [name for name in sys.modules if name.partition(".")[0] in OWN]:
        del sys.modules[name]
    sys.path[:0] = [project, f"{project}/tests"]
    sys.dont_write_bytecode = True
    os.environ["PYTHONPATH"] = project
    # What another process has downloaded or mapped is not to be found.
    os.environ.pop("HF_HOME", None)
    if threads is None:
        os.environ.pop("OMP_NUM_THREADS", None)
    import pytest

    sys.argv = ["pytest", *arguments]
    code = int(pytest.main(["-x", "-q", "--no-header", "-p", "no:cacheprovider", *arguments]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run_step(start: Callable, project: Path, step: Step, log: Path) -> int | None:
    """Run a step in a copy of the project; return pytest's exit code, or None after its time."""
    arguments = (str(project), step.arguments, str(log), step.threads)
    process = start(target=in_copy, args=arguments)
    process.start()
    try:
        process.join(step.seconds)
        return process.exitcode
    finally:
        stop(process.pid)
        process.join()


def stop(number: int) -> None:
    """End a process, if it still runs, and all that it has started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(number)
        for each in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()


def first_failure(log: str) -> str:
    """Return the test that failed, as pytest names it; else its last line."""
    lines = log.strip().splitlines()
    for line in lines:
        if line.startswith(("FAILED ", "ERROR ")):
            return line.split(" ", 1)[1].split(" - ")[0]
    return lines[-1] if lines else "pytest ended"


def try_mutant(mutant: Mutant, steps: Sequence[Step], project: Path, start: Callable) -> Verdict:
    """Try a mutant on steps in their order, until one notices it.

    Args:
        mutant: the change.
        steps: the tests that can see it, the cheapest first.
        project: the course's folder, which is only read.
        start: makes a process, as `multiprocessing.Process`.

    Raises:
        TrialError: if there is nothing to run, which is no verdict on the mutant.
    """
    with copied(project) as copy:
        plant(mutant, copy)
        for step in steps:
            log = copy.parent / "log"
            log.write_bytes(b"")
            code = run_step(start, copy, step, log)
            text = log.read_text(encoding="utf-8", errors="replace")
            if code is None:
                outcome = "timed out" if step.is_quick else "too slow"
                return Verdict(outcome, " ".join(step.arguments)[:100])
            if code == NO_TESTS or "\nERROR: not found: " in text:
                raise TrialError(f"{mutant.place}: no tests in {' '.join(step.arguments)}.")
            if code != 0:
                return Verdict("killed", first_failure(text))
    return Verdict("survived", f"{len(steps)} steps")
