"""In the copies that are compared, the exercises are solved and their checks say so."""

import nbformat
from nbformat import NotebookNode

from course.notebooks import answers
from course.notebooks.answers import with_answers
from course.notebooks.closing_cells import exercise_cells
from course.notebooks.execute import execute


def book() -> NotebookNode:
    # The last exercises of 09 need nothing of their notebook.
    return nbformat.v4.new_notebook(cells=exercise_cells("09", "zh"))


def test_every_exercise_has_its_solution_and_what_its_check_says_to_it():
    cells = {cell.id: cell for cell in with_answers(book(), "09").cells}
    for number in (1, 2, 3):
        assert "return" in cells[f"exercise-{number}"].source
        (output,) = cells[f"exercise-{number}-check"].outputs
        assert output.text.startswith(f"☑ 09-{number} 对了")


def test_that_is_what_they_say_when_they_run(tmp_path, monkeypatch):
    monkeypatch.setattr(answers, "COPIES", tmp_path / "zh")
    nbformat.write(book(), tmp_path / "09_speed_up.ipynb")
    (path,) = answers.write_copies([tmp_path / "09_speed_up.ipynb"])
    stored = [cell.outputs for cell in nbformat.read(path, as_version=4).cells if "outputs" in cell]
    executed = execute(path, report=lambda _: None).notebook
    assert [cell.outputs for cell in executed.cells if "outputs" in cell] == stored


def test_a_notebook_without_exercises_is_copied_as_it_is():
    other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 3", id="set-x")])
    assert with_answers(other, "09") == other


def test_the_notebook_itself_stays_unanswered():
    original = book()
    with_answers(original, "09")
    assert [cell.source for cell in original.cells] == [cell.source for cell in book().cells]
