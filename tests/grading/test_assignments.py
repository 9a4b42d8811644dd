"""The assignments with the real nbgrader, as a teacher and thirty learners use them."""

import copy
import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nbformat
import psutil
import pytest
from support.exercise_notebooks import CHECK, SOURCES, cell_of, numbers, read_source
from support.mistakes import MISTAKES, mistake

from course.classroom import grade, sandbox
from course.classroom.assignments import assignment_names
from course.classroom.grade import Assignment, Grade, open_assignment
from course.classroom.submissions import Notebook, SubmissionError
from helpers.check import MISCONCEPTIONS
from helpers.environment import PROJECT

NAMES = [path.stem for path in SOURCES]
# In the first round every exercise shows its first misconception, in the second its second.
ROUNDS = [
    (path.stem, turn)
    for path in SOURCES
    for turn in range(max(len(MISTAKES[number]) for number in numbers(path)))
]
# Of all assignments, the one that imports least.
LIGHT = "09_speed_up"

each_assignment = pytest.mark.parametrize("name", NAMES)
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


IS_SANDBOXED = sandbox.find_problem() is None


@pytest.fixture(scope="module", autouse=True)
def environment() -> None:
    grade.prepare_grading_environment()


@pytest.fixture(scope="module")
def released() -> Callable[[str], Assignment]:
    return cache(open_assignment)


@pytest.fixture
def run(released) -> Callable[[str, Notebook], Grade]:
    def run(name: str, notebook: Notebook) -> Grade:
        hidden = grade.private_paths(PROJECT / "submissions") if IS_SANDBOXED else None
        graded = grade.execute(released(name), notebook, hidden)
        return grade.score("ana", released(name), graded)

    return run


@pytest.fixture
def hand_in(run, released) -> Callable[[str, dict[str, str]], Grade]:
    def hand_in(name: str, answers: dict[str, str]) -> Grade:
        """Put answers into the students' version, and have it graded."""
        return run(name, answered(released(name).released, answers))

    return hand_in


def answered(notebook: Notebook, answers: dict[str, str]) -> Notebook:
    changed = nbformat.reads(json.dumps(notebook), as_version=4)
    for number, answer in answers.items():
        cell_of(changed, number).source = answer
    return changed


def solutions(name: str) -> dict[str, str]:
    path = next(path for path in SOURCES if path.stem == name)
    return {number: cell_of(read_source(path), number).source for number in numbers(path)}


def test_there_is_an_assignment_for_every_source_notebook():
    assert assignment_names() == NAMES


@each_assignment
def test_the_students_version_has_no_solution_and_no_hidden_test(name, released):
    text = json.dumps(released(name).released)
    assert "SOLUTION" not in text
    assert "HIDDEN" not in text
    notebook = nbformat.reads(text, as_version=4)
    source = read_source(next(path for path in SOURCES if path.stem == name))
    for number in solutions(name):
        assert "raise NotImplementedError()" in cell_of(notebook, number).source
        shown = cell_of(notebook, number, CHECK).source
        assert shown.startswith(f'check.exercise("{number}", ')
        assert len(shown) < len(cell_of(source, number, CHECK).source)


# Without nbgrader, tests/test_check.py tries all of this as well, in seconds.
@pytest.mark.slow
@each_assignment
def test_the_solutions_get_full_marks(name, hand_in):
    result = hand_in(name, solutions(name))
    assert (result.points, result.max_points) == (6, 6)
    assert (result.misconceptions, result.remarks) == ("", "")


@pytest.mark.slow
@each_assignment
def test_the_untouched_notebook_gets_nothing(name, hand_in):
    result = hand_in(name, {})
    assert (result.points, result.max_points) == (0, 6)
    assert result.misconceptions == "1: not-answered; 2: not-answered; 3: not-answered"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "turn"), ROUNDS)
def test_each_misconception_gets_its_own_message(name, turn, hand_in):
    answers, shown = solutions(name), {}
    for number in answers:
        for misconception in list(MISTAKES[number])[turn : turn + 1]:
            answers[number] = mistake(number, misconception)
            shown[number[-1]] = MISCONCEPTIONS[misconception]
    result = hand_in(name, answers)
    assert result.misconceptions == "; ".join(f"{n}: {one.name}" for n, one in shown.items())
    for number, one in shown.items():
        assert f"{number}: {one.name}: {one.chinese} {one.english}" in result.remarks
    assert result.points == 2 * (3 - len(shown))


def test_a_check_that_was_taken_away_is_put_back(run, released):
    notebook = copy.deepcopy(released(LIGHT).released)
    notebook["cells"] = [cell for cell in notebook["cells"] if not cell["id"].endswith(CHECK)]
    result = run(LIGHT, notebook)
    assert (result.points, result.max_points) == (0, 6)


def twice(notebook: Notebook, name: str, source: str | None = None) -> None:
    """Split or copy a cell as JupyterLab does: the second half has the marks of the first."""
    where = next(index for index, cell in enumerate(notebook.cells) if cell.id == name)
    half = copy.deepcopy(notebook.cells[where]) | {"id": f"{name}-half"}
    half["source"] = half["source"] if source is None else source
    notebook.cells.insert(where + 1, nbformat.from_dict(half))


@pytest.mark.parametrize("name", ["setup-cell", "exercise-1", "exercise-1-check"])
def test_a_cell_that_was_copied_is_graded_like_any_other(name, run, released):
    notebook = answered(released(LIGHT).released, solutions(LIGHT))
    twice(notebook, name)
    assert run(LIGHT, notebook).points == 6


def test_an_answer_that_was_split_into_two_cells_is_graded_like_any_other(run, released):
    halves = "def half(x):\n    return x / 2", solutions(LIGHT)["09-1"]
    notebook = answered(released(LIGHT).released, solutions(LIGHT) | {"09-1": halves[0]})
    twice(notebook, "exercise-1", halves[1])
    assert run(LIGHT, notebook).points == 6


def test_without_one_answer_s_cell_the_others_are_graded(run, released):
    notebook = answered(released(LIGHT).released, solutions(LIGHT))
    notebook.cells = [cell for cell in notebook.cells if cell.id != "exercise-2"]
    result = run(LIGHT, notebook)
    assert (result.exercise_1, result.exercise_2, result.exercise_3) == (2, 0, 2)


def test_an_answer_that_was_made_a_text_or_marked_otherwise_is_graded(run, released):
    notebook = answered(released(LIGHT).released, solutions(LIGHT))
    text = cell_of(notebook, "09-1")
    text.cell_type = "markdown"
    del text["outputs"], text["execution_count"]
    cell_of(notebook, "09-2").metadata.nbgrader.update(grade=True, points=5)
    assert run(LIGHT, notebook).points == 6


def test_a_check_that_was_made_to_say_nothing_leaves_the_hidden_tests(hand_in):
    answers = {number: mistake(number, next(iter(MISTAKES[number]))) for number in solutions(LIGHT)}
    answers["09-1"] += "\n\ncheck.exercise = print"
    result = hand_in(LIGHT, answers)
    assert result.points == 0
    assert result.misconceptions == "1: hidden-tests; 2: hidden-tests; 3: hidden-tests"


@pytest.fixture
def own_folders(tmp_path, monkeypatch) -> Path:
    """Where `grade` writes in these tests, and where it finds submissions."""
    monkeypatch.setattr(grade, "COURSE", tmp_path / "build" / "grade")
    monkeypatch.setattr(grade, "OUTPUT", tmp_path / "build" / "grades.csv")
    return tmp_path / "submissions"


def hand_over(folder: Path, notebook: Notebook, name: str = f"{LIGHT}.ipynb") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / name)


def table() -> dict[str, dict[str, str]]:
    with grade.OUTPUT.open(encoding="utf-8-sig", newline="") as file:
        return {row["learner"]: row for row in csv.DictReader(file)}


def test_a_folder_of_submissions_becomes_a_table(own_folders, monkeypatch, released, capsys):
    """One is right, one loops for ever, one ends its kernel, and one is no notebook."""
    monkeypatch.setattr(grade, "CELL_SECONDS", 20)
    answers = {"王芳": {}, "looper": {"09-1": "while True:\n    pass"}}
    answers["quitter"] = {"09-1": "import os\n\nos._exit(1)"}
    for learner, changed in answers.items():
        notebook = answered(released(LIGHT).released, solutions(LIGHT) | changed)
        hand_over(own_folders / learner, notebook, f"{LIGHT} (1).ipynb")
    hand_over(own_folders / "王芳", notebook, f"{LIGHT} (2).ipynb")
    (own_folders / "writer").mkdir()
    (own_folders / "writer" / "09.docx").write_bytes(b"no notebook")
    (own_folders / "absent").mkdir()
    assert grade.main([str(own_folders)]) == 1
    shown = capsys.readouterr().out
    assert "王芳 09_speed_up: 6 of 6" in shown
    assert f"a second notebook for {LIGHT}" in shown
    assert "2 graded, 4 not" in shown
    rows = table()
    numbers = [f"exercise_{number}" for number in (1, 2, 3)]
    assert [float(rows["looper"][number]) for number in numbers] == [0, 2, 2]
    assert "its code ended Python" in rows["quitter"]["remarks"]
    assert rows["writer"]["remarks"] == "09.docx is not a notebook (.ipynb)"
    assert rows["absent"]["remarks"] == "nothing was handed in"
    graded = nbformat.read(grade.COURSE / "looper" / f"{LIGHT}.ipynb", as_version=4)
    assert cell_of(graded, "09-1").outputs[-1].ename == "CellTimeoutError"


# What each of them tries, in place of an answer; ROOT is the project's folder.
HOSTILE = {
    "reads the solutions": """
import json
for path in (ROOT / "exercises" / "source").glob("09*/*.ipynb"):
    for cell in json.loads(path.read_text())["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            exec("".join(cell["source"]))
""",
    "edits the gradebook": """
import sqlite3
with sqlite3.connect(Path("../../../gradebook.db").resolve(strict=True)) as database:
    database.execute(
        "CREATE TRIGGER cheat AFTER UPDATE ON grade BEGIN UPDATE grade SET auto_score = 2; END"
    )
""",
    "patches the checks": """
for path in (ROOT / "helpers" / "check").glob("*.py"):
    path.write_text(path.read_text() + "# patched")
""",
    "forks": """
import time
while True:
    if os.fork() == 0:
        time.sleep(3600)
""",
    "fills the disk": """
for folder in ("/tmp", "/dev/shm", "/var/tmp", "."):
    with open(f"{folder}/full", "wb") as file:
        while True:
            file.write(bytes(1 << 24))
""",
    "kills its parent": """
import signal
for number in (os.getppid(), os.getppid(), -1):
    os.kill(number, signal.SIGKILL)
""",
}
HARMS = f"import os\nfrom pathlib import Path\n\nROOT = Path({str(PROJECT)!r})\n"


@pytest.mark.skipif(not IS_SANDBOXED, reason="there is no sandbox here to keep them in")
def test_six_hostile_submissions_harm_only_their_own_grade(own_folders, released):
    checks = {path: path.read_bytes() for path in (PROJECT / "helpers" / "check").glob("*.py")}
    for learner, code in HOSTILE.items():
        hostile = answered(released(LIGHT).released, {"09-1": HARMS + code})
        hand_over(own_folders / learner, hostile)
    hand_over(own_folders / "~ right", answered(released(LIGHT).released, solutions(LIGHT)))
    hand_over(own_folders / "~ untouched", answered(released(LIGHT).released, {}))
    handed_in = {path: path.read_bytes() for path in own_folders.rglob("*.ipynb")}
    grade.main([str(own_folders)])
    rows = table()
    assert {learner: float(rows[learner]["points"]) for learner in rows} == {
        **dict.fromkeys(HOSTILE, 0),
        "~ right": 6,
        "~ untouched": 0,
    }
    # It got at a gradebook: its own, which nobody reads.
    edited = nbformat.read(grade.COURSE / "edits the gradebook" / f"{LIGHT}.ipynb", as_version=4)
    assert cell_of(edited, "09-1").outputs == []
    assert "more than there is room for" in rows["fills the disk"]["remarks"]
    assert {path: path.read_bytes() for path in checks} == checks
    assert {path: path.read_bytes() for path in handed_in} == handed_in
    assert psutil.Process().children(recursive=True) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_where_there_is_no_sandbox_one_that_kills_its_parent_has_a_row_too(
    own_folders, released, monkeypatch, capsys
):
    monkeypatch.setattr(sandbox, "find_problem", lambda: "it was switched off")
    kill = "import os, signal\n\nos.kill(os.getppid(), signal.SIGKILL)"
    hand_over(own_folders / "ana", answered(released(LIGHT).released, {"09-1": kill}))
    hand_over(own_folders / "ben", answered(released(LIGHT).released, solutions(LIGHT)))
    assert grade.main([str(own_folders)]) == 1
    assert "There is no sandbox on this machine (it was switched off)" in capsys.readouterr().out
    rows = table()
    assert rows["ana"]["remarks"] == "its code ended the program that grades it"
    assert rows["ben"]["points"] == "6.0"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_ctrl_c_keeps_the_rows_of_those_who_were_graded(own_folders, released):
    hand_over(own_folders / "ana", answered(released(LIGHT).released, solutions(LIGHT)))
    waits = {"09-1": "import time\n\ntime.sleep(3600)"}
    hand_over(own_folders / "ben", answered(released(LIGHT).released, waits))
    # A shell lets what it starts in the background ignore the signal.
    code = f"""
import signal
from pathlib import Path
from course.classroom import grade
signal.signal(signal.SIGINT, signal.default_int_handler)
grade.COURSE, grade.OUTPUT = Path({str(grade.COURSE)!r}), Path({str(grade.OUTPUT)!r})
grade.main([{str(own_folders)!r}])
"""
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            if line.startswith("ana"):
                process.send_signal(signal.SIGINT)
                break
        shown, _ = process.communicate()
    assert "what was graded before you stopped it" in shown
    assert {learner: row["points"] for learner, row in table().items()} == {"ana": "6.0"}


def test_one_that_takes_too_long_is_ended(monkeypatch, run, released):
    monkeypatch.setattr(grade, "SUBMISSION_SECONDS", 0)
    with pytest.raises(SubmissionError, match="it ran for more than"):
        run(LIGHT, released(LIGHT).released)


def test_one_that_needs_too_much_memory_is_ended(monkeypatch, run, released):
    monkeypatch.setattr(sandbox, "MEMORY", 1 << 20)
    with pytest.raises(SubmissionError, match="GB of memory"):
        run(LIGHT, released(LIGHT).released)
