"""Grade a folder of submissions with nbgrader, into a CSV file.

It runs in an environment of its own, build/nbgrader, which sees the course's packages too. No
submission runs in this process: each has one of its own, in the sandbox where there is one, and
what comes back is a notebook with outputs, which is scored here.
"""

import base64
import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

import psutil
from filelock import FileLock, Timeout

from course.classroom import sandbox
from course.classroom.assignments import (
    CELL_SECONDS,
    SOURCE,
    assignment_names,
    open_course,
    release,
)
from course.classroom.submissions import (
    LARGEST,
    LAYOUT,
    Notebook,
    SubmissionError,
    find_files,
    marks,
    mend,
    read_submission,
)
from course.environment.kernel import prepare_embedded_environment
from helpers.environment import PROJECT
from helpers.files import write_whole

COURSE = PROJECT / "build" / "grade"
OUTPUT = PROJECT / "build" / "grades.csv"

# How long a whole submission may run.
SUBMISSION_SECONDS = 600

# nbgrader takes a check that writes to stderr for a failed one.
QUIET = {
    "PYTHONWARNINGS": "ignore",
    "DATASETS_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
}
# Variables that name the user's own folders and tokens; a submission gets none of them.
OWN_VARIABLES = ("HF_", "HUGGING", "IPYTHON", "JUPYTER_", "MPL", "XDG_")
# With this `helpers.check` begins what it says of an exercise without an answer.
NOT_ATTEMPTED = "☐"
# A cell of a table holds no more; Excel takes 32,767 letters.
LONGEST = 5_000
# With one of these at its beginning, Excel takes a cell for a formula.
FORMULA = ("=", "+", "-", "@")


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


@dataclass(frozen=True)
class Assignment:
    """An assignment that was released.

    Attributes:
        name: such as `03_preprocess`.
        released: the notebook as the learners get it.
        gradebook: nbgrader's database, in which it is entered with its hidden tests.
    """

    name: str
    released: Notebook
    gradebook: bytes


def prepare_grading_environment() -> None:
    """Give the kernels of the submissions the embedded data and no access to the network."""
    os.environ.update(QUIET)
    prepare_embedded_environment()


def open_assignment(name: str) -> Assignment:
    """Release an assignment into a gradebook of its own."""
    with TemporaryDirectory() as folder:
        released = release(open_course(Path(folder)), name).read_text(encoding="utf-8")
        gradebook = Path(folder, "gradebook.db").read_bytes()
    return Assignment(name, json.loads(released), gradebook)


def execute(
    assignment: Assignment, notebook: Notebook, hidden: Sequence[Path] | None = None
) -> Notebook:
    """Let nbgrader run a submission and its checks, and return the notebook with its outputs.

    Args:
        assignment: what it answers.
        notebook: the submission.
        hidden: what the sandbox hides; None runs it without a sandbox.

    Raises:
        SubmissionError: if it cannot be run to its end.
    """
    task = {
        "name": assignment.name,
        "notebook": mend(notebook, assignment.released),
        "gradebook": base64.b64encode(assignment.gradebook).decode(),
        "cell_seconds": CELL_SECONDS,
    }
    command = [sys.executable, "-m", "course.classroom.autograde"]
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as own,
        TemporaryFile() as question,
        TemporaryFile() as answer,
    ):
        folder = own
        if hidden is not None:
            folder, command = str(sandbox.SCRATCH), sandbox.wrap(command, hidden)
        question.write(json.dumps(task).encode())
        question.seek(0)
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=variables(folder),
            stdin=question,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for this process, which then ends that one.
            start_new_session=True,
        )
        watch(process)
        answer.seek(0)
        text = answer.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise SubmissionError(f"its outputs are larger than {LARGEST // 1_000_000} MB")
    if not text:
        raise SubmissionError("its code ended the program that grades it")
    result = json.loads(text)
    if "error" in result:
        raise SubmissionError(f"it could not be run to its end: {result['error']}")
    return result["notebook"]


def variables(folder: str) -> dict[str, str]:
    """Return the environment of a submission, in which everything is written into one folder."""
    others = {
        name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)
    }
    places = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP"), folder)
    return {**others, **places, "HF_HOME": str(Path(folder, "hf")), "HF_HUB_OFFLINE": "1"}


def watch(process: subprocess.Popen) -> None:
    """Wait for the process of a submission, and end it with all that it started.

    Raises:
        SubmissionError: if it takes too much time or memory.
    """
    deadline = time.monotonic() + SUBMISSION_SECONDS
    started: set[psutil.Process] = set()
    try:
        while process.poll() is None:
            with suppress(psutil.Error):
                started |= set(psutil.Process(process.pid).children(recursive=True))
            if time.monotonic() > deadline:
                raise SubmissionError(f"it ran for more than {SUBMISSION_SECONDS // 60} minutes")
            if sum(map(memory_of, started)) > sandbox.MEMORY:
                raise SubmissionError(f"it needed more than {sandbox.MEMORY >> 30} GB of memory")
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
    finally:
        process.kill()
        for one in started:
            with suppress(psutil.Error):
                one.kill()
        process.wait()


def memory_of(process: psutil.Process) -> int:
    """Return how many bytes of memory a process has; 0 if it has ended."""
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def score(learner: str, assignment: Assignment, graded: Notebook) -> Grade:
    """Count the points, from the outputs of the checks.

    Args:
        learner: whose submission it is.
        assignment: what it answers.
        graded: what `execute` returned; it may hold anything.
    """
    import nbformat
    from nbgrader.utils import determine_grade

    outputs = {marks(cell).get("grade_id"): cell["outputs"] for cell in code_cells(graded)}
    points, most, remarks = {}, {}, {}
    for check in code_cells(assignment.released):
        if not marks(check).get("grade"):
            continue
        number = marks(check)["grade_id"].split("-")[1]
        cell = nbformat.from_dict({**check, "outputs": outputs[marks(check)["grade_id"]]})
        points[number], most[number] = determine_grade(cell)
        remarks[number] = remark(cell)
    wrong = [number for number in sorted(points) if points[number] < most[number]]
    return Grade(
        learner,
        assignment.name,
        points=sum(points.values()),
        max_points=sum(most.values()),
        **{f"exercise_{number}": points[number] for number in points},
        misconceptions="; ".join(f"{number}: {remarks[number].split(':')[0]}" for number in wrong),
        remarks="; ".join(f"{number}: {remarks[number]}" for number in wrong),
    )


def code_cells(notebook: Notebook) -> list[Notebook]:
    """Return the cells with code."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def remark(cell: Any) -> str:
    """Return what a check said: a name, a colon and a line of text; empty if it passed."""
    for output in cell.outputs:
        # A text is one string, or a list of its lines.
        if "".join(output.get("text", "")).startswith(NOT_ATTEMPTED):
            return "not-answered: there is no answer"
        if output.output_type == "error":
            if output.ename == "WrongAnswer":
                return " ".join(output.evalue.split())
            if output.ename == "AssertionError":
                return "hidden-tests: right for the check's own data, wrong for other data"
            return f"{output.ename}: {' '.join(output.evalue.split())}"
        if output.output_type == "stream" and output.name == "stderr":
            return "stderr: it writes to stderr, which nbgrader counts as a failure"
    return ""


def printable(text: str) -> str:
    """Return a text that others wrote on one line, without what steers a terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in text[:LONGEST])


def cell_of_table(value: Any) -> Any:
    """Return a value of a row as it may stand in a table: a text is no formula."""
    if not isinstance(value, str):
        return value
    return f"'{printable(value)}" if value.lstrip().startswith(FORMULA) else printable(value)


def keep_earlier(*paths: Path) -> None:
    """Rename what an earlier run made, so that nothing is written over it."""
    number = 1
    while any(numbered(path, number).exists() for path in paths):
        number += 1
    for path in filter(Path.exists, paths):
        path.rename(numbered(path, number))
        print(f"kept from before: {os.path.relpath(numbered(path, number))}")


def numbered(path: Path, number: int) -> Path:
    """Return the name under which a file or folder of an earlier run is kept."""
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


def refuse_own_folders(folder: Path) -> None:
    """Refuse submissions in a folder that this command writes to, or around the whole course.

    Raises:
        SystemExit: if they are in one.
    """
    whole = folder.resolve()
    if whole.is_relative_to(COURSE.resolve()):
        raise SystemExit(
            f"{folder} is in the folder that this command writes to: move the submissions out."
        )
    if PROJECT.resolve().is_relative_to(whole):
        raise SystemExit(f"{folder} has the course itself in it: pass {LAYOUT}.")


def write(grades: Iterable[Grade], path: Path) -> list[Grade]:
    """Write the CSV file, each row as soon as it is known, and return the rows.

    Raises:
        FileExistsError: if there is such a file already.
    """
    rows = []
    # With the mark without which Excel does not read it as UTF-8.
    with path.open("x", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Grade)])
        writer.writeheader()
        file.flush()
        for grade in grades:
            writer.writerow({name: cell_of_table(value) for name, value in asdict(grade).items()})
            file.flush()
            rows.append(grade)
    return rows


def grade(
    learner: str, assignment: Assignment, notebook: Notebook, hidden: Sequence[Path] | None
) -> Grade:
    """Run a submission, keep the notebook with its outputs, and return its row.

    Args:
        learner: whose submission it is.
        assignment: what it answers.
        notebook: the submission.
        hidden: as for `execute`.

    Raises:
        SubmissionError: if it cannot be run to its end.
    """
    graded = execute(assignment, notebook, hidden)
    write_whole(COURSE / learner / f"{assignment.name}.ipynb", json.dumps(graded))
    return score(learner, assignment, graded)


def grade_all(
    files: Iterable[tuple[str, Path | None]], folder: Path, is_sandboxed: bool
) -> Iterator[Grade]:
    """Grade the files in a folder of submissions, and say so.

    Args:
        files: what `find_files` found.
        folder: where.
        is_sandboxed: whether the submissions run in the sandbox.

    Yields:
        A row for every file, and for every learner who has none.
    """
    names = assignment_names()
    assignments: dict[str, Assignment] = {}
    seen = set()
    for learner, path in files:
        name = path.stem if path else ""
        try:
            if path is None:
                raise SubmissionError("nothing was handed in")
            name, notebook = read_submission(path, names)
            if (learner, name) in seen:
                raise SubmissionError(
                    f"there is a second notebook for {name}, {path.name}: keep only one"
                )
            seen.add((learner, name))
            if name not in assignments:
                assignments[name] = open_assignment(name)
            hidden = private_paths(folder) if is_sandboxed else None
            row = grade(learner, assignments[name], notebook, hidden)
            outcome = f"{row.points:g} of {row.max_points:g}"
        except Exception as error:
            # Whatever one submission does, the others are graded.
            known = isinstance(error, SubmissionError)
            what = f"it cannot be graded, look at it yourself: {type(error).__name__}: {error}"
            reason = str(error) if known else what
            row = Grade(learner, name, remarks=reason)
            outcome = f"not graded: {reason}"
        yield row
        # What is printed is in the table already.
        print(printable(f"{learner} {name}".strip() + f": {outcome}"))


def private_paths(folder: Path) -> list[Path]:
    """Return what a submission should not see: solutions, and the work and grades of others."""
    return [SOURCE.parent, PROJECT / ".git", folder.resolve(), *COURSE.parent.glob("grade*")]


def main(arguments: Sequence[str] = ()) -> int:
    """Grade all submissions; return 1 if some file could not be graded."""
    if not arguments:
        raise SystemExit(
            f"Pass the folder of submissions: python -m course grade FOLDER, {LAYOUT}."
        )
    folder = Path(arguments[0])
    refuse_own_folders(folder)
    files = find_files(folder)
    prepare_grading_environment()
    if problem := sandbox.find_problem():
        print(
            f"There is no sandbox on this machine ({problem}): a submission can read, change and "
            "send what you can. Grade on a machine, or as a user, with nothing to lose: see "
            "docs/teaching.md."
        )
    OUTPUT.parent.mkdir(exist_ok=True)
    shown = os.path.relpath(OUTPUT)
    try:
        # Two at once would rename each other's grades.
        with FileLock(OUTPUT.with_name(".grade.lock"), timeout=0):
            keep_earlier(OUTPUT, COURSE)
            rows = write(grade_all(files, folder, problem is None), OUTPUT)
    except Timeout:
        raise SystemExit(f"Another 'grade' is writing {shown}: wait until it ends.") from None
    except KeyboardInterrupt:
        print(f"\n{shown}: what was graded before you stopped it")
        raise
    graded = sum(row.max_points > 0 for row in rows)
    print(f"{shown}: {graded} graded, {len(rows) - graded} not")
    print(f"with the outputs of each cell: {os.path.relpath(COURSE)}")
    return int(any(row.assignment and not row.max_points for row in rows))
