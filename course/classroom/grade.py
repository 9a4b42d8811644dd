"""Grade a folder of submissions with nbgrader, into a CSV file.

It runs in an environment of its own, build/nbgrader, which sees the course's packages too.
"""

import csv
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from course.classroom.assignments import assignment_names, open_course, release
from course.environment.kernel import PROJECT, prepare_kernel_environment

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from nbgrader.apps import NbGraderAPI

COURSE = PROJECT / "build" / "grade"
OUTPUT = PROJECT / "build" / "grades.csv"
LAYOUT = "one folder for each learner, with the learner's notebooks in it"

# nbgrader takes a check that writes to stderr for a failed one.
QUIET = {
    "PYTHONWARNINGS": "ignore",
    "DATASETS_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
}


class SubmissionError(Exception):
    """A submission cannot be graded; the message says why."""


@dataclass(frozen=True)
class Grade:
    """A row of the CSV file.

    Attributes:
        learner: the name of the learner's folder.
        assignment: such as `03_preprocess`, or the file's name if it is not an assignment.
        points: how many points the learner has.
        max_points: how many there are.
        exercise_1: the points of the first exercise; those of the others follow.
        misconceptions: the misconception in each wrong answer, such as `2: tuned-on-test`.
        remarks: what the checks said, or why the file could not be graded.
    """

    learner: str
    assignment: str
    points: float = 0
    max_points: float = 0
    exercise_1: float | None = None
    exercise_2: float | None = None
    exercise_3: float | None = None
    misconceptions: str = ""
    remarks: str = ""


def prepare_grading_environment() -> None:
    """Give the kernels of the submissions the embedded data and no access to the network."""
    os.environ.update(QUIET, COURSE_SOURCE="embedded")
    prepare_kernel_environment()


def find_files(folder: Path) -> list[tuple[str, Path]]:
    """List the files that were handed in, each with its learner.

    Args:
        folder: one folder for each learner; hidden files and folders in it are left out.

    Raises:
        SystemExit: if the folder does not exist, is empty, or has a notebook outside of those.
    """
    if not folder.is_dir():
        raise SystemExit(
            f"There is no folder {folder}: pass python -m course grade FOLDER, {LAYOUT}."
        )
    visible = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    learners = [path for path in visible if path.is_dir()]
    loose = [path.name for path in visible if path.suffix == ".ipynb"]
    if loose:
        raise SystemExit(
            f"{loose[0]} is in {folder} itself, which does not say whose it is: pass {LAYOUT}."
        )
    files = [
        (learner.name, path)
        for learner in learners
        for path in sorted(learner.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.parts[len(folder.parts) :])
    ]
    if not files:
        raise SystemExit(f"There is nothing to grade in {folder}: {LAYOUT}.")
    return files


def recognize(learner: str, path: Path, names: Sequence[str]) -> str:
    """Return the assignment that a file answers.

    Args:
        learner: whose file it is.
        path: the file; its name begins with that of the assignment.
        names: the assignments.

    Raises:
        SubmissionError: if it is not a notebook of an assignment.
    """
    if learner.strip() != learner or set(learner) & set("*?[]"):
        raise SubmissionError(
            "the folder's name begins or ends with a space, or has one of * ? [ ] in it: rename it"
        )
    if path.suffix != ".ipynb":
        raise SubmissionError(f"{path.name} is not a notebook (.ipynb)")
    name = next((name for name in names if path.stem.startswith(name)), None)
    if name is None:
        raise SubmissionError(
            f"{path.name} is not an assignment: give it a name that begins with that of one, such "
            f"as {names[0]}"
        )
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        ids = {cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in cells}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SubmissionError(
            f"{path.name} is not a notebook: it was cut off or changed by hand"
        ) from None
    if not any(str(name).startswith("exercise-") for name in ids):
        raise SubmissionError(
            f"{path.name} has the assignment's name but is another notebook: hand in the one "
            "that 'python -m course assignments' made"
        )
    return name


def grade(course: "NbGraderAPI", learner: str, name: str, path: Path) -> Grade:
    """Let nbgrader run a submission and its checks.

    Args:
        course: the course in which the assignment was released.
        learner: whose submission it is.
        name: the assignment.
        path: the notebook.

    Raises:
        SubmissionError: if it cannot be run to its end.
    """
    import nbformat

    root = Path(course.coursedir.root)
    folder = root / "submitted" / learner / name
    if folder.exists():
        raise SubmissionError(f"there is a second notebook for {name}, {path.name}: keep only one")
    folder.mkdir(parents=True)
    shutil.copy(path, folder / f"{name}.ipynb")
    outcome = course.autograde(name, learner)
    if "KeyboardInterrupt" in outcome.get("error", ""):
        raise KeyboardInterrupt
    if not outcome["success"]:
        raise SubmissionError(f"{path.name} could not be run to its end: {last_error(outcome)}")
    graded = nbformat.read(root / "autograded" / learner / name / f"{name}.ipynb", as_version=4)
    remarks = {exercise_number(cell): remark(cell) for cell in checks(graded)}
    with course.gradebook as gradebook:
        scores = {
            score.name.split("-")[1]: (score.auto_score, score.max_score)
            for score in gradebook.find_submission_notebook(name, name, learner).grades
        }
    wrong = [number for number in sorted(scores) if scores[number][0] < scores[number][1]]
    return Grade(
        learner,
        name,
        points=sum(points for points, _ in scores.values()),
        max_points=sum(most for _, most in scores.values()),
        **{f"exercise_{number}": scores[number][0] for number in scores},
        misconceptions="; ".join(f"{number}: {remarks[number].split(':')[0]}" for number in wrong),
        remarks="; ".join(f"{number}: {remarks[number]}" for number in wrong),
    )


def checks(notebook: "NotebookNode") -> list["NotebookNode"]:
    """Return the cells that give points."""
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]


def exercise_number(cell: "NotebookNode") -> str:
    """Return the number of the exercise that a cell belongs to."""
    return cell.metadata.nbgrader.grade_id.split("-")[1]


def remark(cell: "NotebookNode") -> str:
    """Return what a check said: a name, a colon and a line of text; empty if it passed."""
    for output in cell.outputs:
        if output.output_type == "error":
            if output.ename == "WrongAnswer":
                return " ".join(output.evalue.split())
            if output.ename == "AssertionError":
                return "hidden-tests: right for the check's own data, wrong for other data"
            return f"{output.ename}: {' '.join(output.evalue.split())}"
        if output.output_type == "stream" and output.name == "stderr":
            return "stderr: it writes to stderr, which nbgrader counts as a failure"
    return ""


def last_error(outcome: dict[str, str]) -> str:
    """Return the line in which nbgrader says what went wrong."""
    lines = outcome.get("log", outcome["error"]).strip().splitlines()
    errors = [line.strip() for line in lines if "Error" in line and not line.startswith("[")]
    return errors[-1] if errors else lines[-1]


def write(grades: Sequence[Grade], path: Path) -> None:
    """Write the CSV file, with the mark without which Excel does not read it as UTF-8."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Grade)])
        writer.writeheader()
        writer.writerows(map(asdict, grades))


def main(arguments: Sequence[str] = ()) -> int:
    """Grade all submissions; return 1 if some file could not be graded."""
    folder = "".join(arguments[:1])
    if not folder:
        raise SystemExit(
            f"Pass the folder of submissions: python -m course grade FOLDER, {LAYOUT}."
        )
    files, names = find_files(Path(folder)), assignment_names()
    prepare_grading_environment()
    shutil.rmtree(COURSE, ignore_errors=True)
    COURSE.mkdir(parents=True)
    course, released, grades, failed = open_course(COURSE), set(), [], 0
    for learner, path in files:
        name = path.stem
        try:
            name = recognize(learner, path, names)
            if name not in released:
                release(course, name)
                released.add(name)
            grades.append(grade(course, learner, name, path))
            print(
                f"{learner} {name}: {grades[-1].points:g} of {grades[-1].max_points:g}", flush=True
            )
        except SubmissionError as error:
            failed += 1
            grades.append(Grade(learner, name, remarks=str(error)))
            print(f"{learner} {name}: not graded: {error}", flush=True)
    write(grades, OUTPUT)
    print(f"{os.path.relpath(OUTPUT)}: {len(grades) - failed} graded, {failed} not")
    print(f"with the outputs of each cell: {os.path.relpath(COURSE / 'autograded')}")
    return int(failed > 0)
