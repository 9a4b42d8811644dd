"""The exercises' source notebooks: what nbgrader, the checks and the learners need of them."""

import re

import pytest
from support.exercise_notebooks import CHECK, SOURCES, cell_of, numbers, read_source
from support.prose import CHINESE, TITLES

from course.notebooks.execute import find_notebooks
from helpers.check import EXERCISES

each_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
each_exercise = pytest.mark.parametrize(
    ("path", "number"),
    [(path, number) for path in SOURCES for number in numbers(path)],
    ids=lambda value: value if isinstance(value, str) else "",
)


def test_every_notebook_has_an_assignment_of_its_name():
    assert [path.stem for path in SOURCES] == [path.stem for path in find_notebooks()]
    assert all(path.parent.name == path.stem for path in SOURCES)


@each_source
def test_each_has_three_exercises_of_two_points(path):
    cells = [cell for cell in read_source(path).cells if cell.id.endswith(CHECK)]
    assert [cell.id for cell in cells] == [f"exercise-{number}{CHECK}" for number in (1, 2, 3)]
    assert [cell.metadata.nbgrader.points for cell in cells] == [2, 2, 2]


@each_source
def test_nbgrader_is_told_what_each_code_cell_is_for(path):
    for cell in read_source(path).cells:
        if cell.cell_type == "code":
            checks, answer = cell.id.endswith(CHECK), re.fullmatch(r"exercise-\d", cell.id)
            marks = dict(cell.metadata.nbgrader)
            marks.pop("points", None)
            assert marks == {
                "grade": checks,
                "grade_id": cell.id,
                "locked": not answer,
                "schema_version": 3,
                "solution": bool(answer),
                "task": False,
            }


@each_source
def test_nothing_is_stored_of_a_run(path):
    for cell in read_source(path).cells:
        if cell.cell_type == "code":
            assert cell.outputs == [], "clear the outputs: Edit, Clear Outputs of All Cells"
            assert cell.execution_count is None


@each_source
def test_the_title_is_that_of_the_notebook(path):
    number, titles = path.stem[:2], TITLES[path.stem[:2]]
    first, second = read_source(path).cells[0].source.split("\n\n")[:2]
    assert first == f"# {number}　{titles['zh']}：练习"
    assert second == f"{titles['en']}: exercises"


@each_source
def test_each_task_is_told_in_chinese_and_then_in_english(path):
    tasks = [cell.source for cell in read_source(path).cells if cell.id.endswith("-text")]
    assert len(tasks) == 3
    for task in tasks:
        chinese, _, english = task.partition("\n\n### ")
        assert CHINESE.search(chinese)
        assert english.strip()
        assert not CHINESE.search(english)
        # The same names and values stand in both.
        named = [re.findall(r"`[^`]+`", text) for text in (chinese, english)]
        assert set(named[0]) - set(named[1]) == set()


@each_exercise
def test_solution_and_hidden_tests_stand_between_their_marks(path, number):
    notebook = read_source(path)
    for kind, mark in (("", "SOLUTION"), (CHECK, "HIDDEN TESTS")):
        lines = cell_of(notebook, number, kind).source.splitlines()
        marks = [line.strip() for line in lines if line.strip().startswith("###")]
        assert marks == [f"### BEGIN {mark}", f"### END {mark}"]


@each_exercise
def test_the_check_is_given_what_the_exercise_asks_for(path, number):
    asked = EXERCISES[number].signature.partition("(")[0]
    first = cell_of(read_source(path), number, CHECK).source.splitlines()[0]
    assert first == f'check.exercise("{number}", {asked})'
    task = cell_of(read_source(path), number, "-text").source
    assert f"`{asked}" in task


@each_exercise
def test_the_answer_is_begun_under_the_name_and_the_arguments_asked_for(path, number):
    answer = cell_of(read_source(path), number).source
    asked = EXERCISES[number].signature
    begun = (f"def {asked}:", f"class {asked}:", f"{asked} = ...")
    assert answer.startswith(begun)
