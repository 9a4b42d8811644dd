"""The assignments with the real nbgrader, as a teacher and thirty learners use them."""

import csv
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from exercise_notebooks import CHECK, SOURCES, cell_of, numbers, read_source
from mistakes import MISTAKES, mistake
from nbgrader.apps import NbGraderAPI

from course.classroom import assignments, grade
from course.classroom.assignments import assignment_names, open_course, release
from course.classroom.grade import Grade, SubmissionError
from helpers.check import MISCONCEPTIONS

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


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> NbGraderAPI:
    grade.prepare_grading_environment()
    return open_course(tmp_path_factory.mktemp("course"))


@pytest.fixture
def released(course) -> Callable[[str], Path]:
    def released(name: str) -> Path:
        path = Path(course.coursedir.root, "release", name, f"{name}.ipynb")
        return path if path.exists() else release(course, name)

    return released


@pytest.fixture
def hand_in(course, released, tmp_path) -> Callable[..., Grade]:
    def hand_in(name: str, learner: str, answers: dict[str, str]) -> Grade:
        """Put answers into the students' version, and have it graded."""
        notebook = nbformat.read(released(name), as_version=4)
        for number, answer in answers.items():
            cell_of(notebook, number).source = answer
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return grade.grade(course, learner, name, path)

    return hand_in


def solutions(name: str) -> dict[str, str]:
    path = next(path for path in SOURCES if path.stem == name)
    return {number: cell_of(read_source(path), number).source for number in numbers(path)}


def test_there_is_an_assignment_for_every_source_notebook():
    assert assignment_names() == NAMES


@each_assignment
def test_the_students_version_has_no_solution_and_no_hidden_test(name, released):
    text = released(name).read_text(encoding="utf-8")
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
    result = hand_in(name, "solver", solutions(name))
    assert (result.points, result.max_points) == (6, 6)
    assert (result.misconceptions, result.remarks) == ("", "")


@pytest.mark.slow
@each_assignment
def test_the_untouched_notebook_gets_nothing(name, hand_in):
    result = hand_in(name, "untouched", {})
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
    result = hand_in(name, f"mistaken {turn}", answers)
    assert result.misconceptions == "; ".join(f"{n}: {one.name}" for n, one in shown.items())
    for number, one in shown.items():
        assert f"{number}: {one.name}: {one.chinese} {one.english}" in result.remarks
    assert result.points == 2 * (3 - len(shown))


def test_a_check_that_was_taken_away_is_put_back(course, released, tmp_path):
    notebook = nbformat.read(released(LIGHT), as_version=4)
    notebook.cells = [cell for cell in notebook.cells if not cell.id.endswith(CHECK)]
    path = tmp_path / f"{LIGHT}.ipynb"
    nbformat.write(notebook, path)
    assert grade.grade(course, "remover", LIGHT, path).points == 0


def test_a_check_that_was_made_to_say_nothing_leaves_the_hidden_tests(hand_in):
    answers = {number: mistake(number, next(iter(MISTAKES[number]))) for number in solutions(LIGHT)}
    answers["09-1"] += "\n\ncheck.exercise = print"
    result = hand_in(LIGHT, "cheat", answers)
    assert result.points == 0
    assert result.misconceptions == "1: hidden-tests; 2: hidden-tests; 3: hidden-tests"


def test_a_second_notebook_for_the_same_assignment_is_refused(course, released):
    grade.grade(course, "twice", LIGHT, released(LIGHT))
    with pytest.raises(SubmissionError, match=f"a second notebook for {LIGHT}"):
        grade.grade(course, "twice", LIGHT, released(LIGHT))


def test_a_folder_of_submissions_becomes_a_table(tmp_path, monkeypatch, released, capsys):
    """One is right, one loops for ever, one ends its kernel, and one is no notebook."""
    monkeypatch.setattr(assignments, "CELL_SECONDS", 20)
    monkeypatch.setattr(grade, "COURSE", tmp_path / "course")
    monkeypatch.setattr(grade, "OUTPUT", tmp_path / "grades.csv")
    submissions = tmp_path / "submissions"
    answers = {"王芳": {}, "looper": {"09-1": "while True:\n    pass"}}
    answers["quitter"] = {"09-1": "import os\n\nos._exit(1)"}
    for learner, changed in answers.items():
        notebook = nbformat.read(released(LIGHT), as_version=4)
        for number, answer in (solutions(LIGHT) | changed).items():
            cell_of(notebook, number).source = answer
        (submissions / learner).mkdir(parents=True)
        nbformat.write(notebook, submissions / learner / f"{LIGHT} (1).ipynb")
    (submissions / "writer").mkdir()
    (submissions / "writer" / "09.docx").write_bytes(b"no notebook")
    assert grade.main([str(submissions)]) == 1
    with grade.OUTPUT.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["learner"]: row for row in csv.DictReader(file)}
    assert rows["王芳"]["points"] == "6.0"
    numbers = [f"exercise_{number}" for number in (1, 2, 3)]
    assert [float(rows["looper"][number]) for number in numbers] == [0, 2, 2]
    assert "could not be run to its end" in rows["quitter"]["remarks"]
    assert rows["writer"]["remarks"] == "09.docx is not a notebook (.ipynb)"
    assert "2 graded, 2 not" in capsys.readouterr().out
