"""Let nbgrader run one submission, in a process of its own that has no other learner's work.

It reads the task from standard input and answers on standard output, both JSON: `grade` starts it,
in the sandbox where there is one.
"""

import base64
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from course.classroom.assignments import open_course

LEARNER = "learner"


def autograde(task: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run a submission and its checks.

    Args:
        task: the assignment's `name`, the learner's `notebook`, the `gradebook` in which the
            assignment was released, and the `cell_seconds` that a cell may run.
        folder: an empty folder.

    Returns:
        The `notebook` with its outputs, or the `error` for which there is none.
    """
    name = task["name"]
    (folder / "gradebook.db").write_bytes(base64.b64decode(task["gradebook"]))
    course = open_course(folder, task["cell_seconds"])
    submitted = folder / "submitted" / LEARNER / name / f"{name}.ipynb"
    submitted.parent.mkdir(parents=True)
    submitted.write_text(json.dumps(task["notebook"]), encoding="utf-8")
    outcome = course.autograde(name, LEARNER)
    if not outcome["success"]:
        return {"error": explain(outcome, task["cell_seconds"])}
    graded = folder / "autograded" / LEARNER / name / f"{name}.ipynb"
    return {"notebook": json.loads(graded.read_text(encoding="utf-8"))}


def explain(outcome: dict[str, Any], cell_seconds: int) -> str:
    """Say why nbgrader has no grade, in terms of what the learner's code did."""
    text = outcome.get("log", "") + outcome["error"]
    if "DeadKernelError" in text:
        return "its code ended Python, or needed more memory than there is"
    if "UnresponsiveKernelError" in text or "kernel became unresponsive" in text:
        return f"a cell ran for more than {cell_seconds} seconds and could not be interrupted"
    if "No space left on device" in text or "disk is full" in text:
        return "it wrote more than there is room for"
    lines = text.strip().splitlines()
    errors = [line.strip() for line in lines if "Error" in line and not line.startswith("[")]
    return errors[-1] if errors else lines[-1]


def main(arguments: Sequence[str] = ()) -> None:
    """Read the task, run it and write the answer."""
    # What the submission prints itself must not get into the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task = json.load(sys.stdin)
    with TemporaryDirectory() as folder:
        json.dump(autograde(task, Path(folder)), answer)
        answer.flush()


if __name__ == "__main__":
    main()
