"""Each notebook has the tasks of its exercises, as exercises/source has them."""

import copy

import nbformat
import pytest
from nbformat import NotebookNode
from support.exercise_notebooks import SOURCES, read_source

from course.notebooks.exercise_tasks import (
    CHECK,
    EXERCISES,
    TASKS,
    check_code,
    tasks_text,
    write_tasks,
)
from course.notebooks.languages import LANGUAGES, notebook_folder

NAMES = [path.stem for path in SOURCES]

each_notebook = pytest.mark.parametrize("name", NAMES)
in_each_language = pytest.mark.parametrize("language", LANGUAGES)


def closing() -> NotebookNode:
    cells = [
        nbformat.v4.new_markdown_cell("## Exercises", id=EXERCISES),
        nbformat.v4.new_markdown_cell("**Next**", id="next"),
    ]
    return nbformat.v4.new_notebook(cells=cells)


@each_notebook
@in_each_language
def test_the_notebooks_are_up_to_date(name, language):
    path = notebook_folder(language) / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    written = copy.deepcopy(notebook)
    write_tasks(written, name, language)
    assert written == notebook, "run 'python -m course sync'"


@each_notebook
@in_each_language
def test_every_task_is_told_whole_in_one_language(name, language):
    told = tasks_text(name, language)
    for cell in read_source(next(path for path in SOURCES if path.stem == name)).cells:
        if cell.id.endswith("-text"):
            chinese, _, english = cell.source.partition("\n\n### ")
            wanted, other = (chinese, english) if language == "zh" else (english, chinese)
            assert wanted.partition("\n\n")[2] in told
            assert other.partition("\n\n")[2] not in told


def test_the_tasks_and_the_check_come_after_the_exercises():
    notebook = closing()
    write_tasks(notebook, "03_preprocess", "en")
    assert [cell.id for cell in notebook.cells] == [EXERCISES, TASKS, CHECK, "next"]
    assert notebook.cells[2].source == check_code("03_preprocess")


def test_writing_them_again_keeps_what_was_stored():
    notebook = closing()
    write_tasks(notebook, "03_preprocess", "en")
    notebook.cells[2].update(execution_count=9, metadata={"tags": ["kept"]})
    notebook.cells[2].outputs = [nbformat.v4.new_output("stream", text="kept")]
    before = copy.deepcopy(notebook)
    write_tasks(notebook, "03_preprocess", "en")
    assert notebook == before


def test_an_output_of_other_code_is_not_kept():
    notebook = closing()
    write_tasks(notebook, "03_preprocess", "en")
    notebook.cells[2].update(source="old", execution_count=9)
    notebook.cells[2].outputs = [nbformat.v4.new_output("stream", text="old")]
    write_tasks(notebook, "03_preprocess", "en")
    assert (notebook.cells[2].outputs, notebook.cells[2].execution_count) == ([], None)


def test_a_notebook_without_exercises_stays_as_it_is():
    notebook = closing()
    write_tasks(notebook, "00_quickstart", "en")
    assert notebook == closing()


@pytest.mark.parametrize("lost", [EXERCISES, TASKS, CHECK])
def test_a_cell_that_was_taken_away_is_named_with_the_way_out(lost):
    notebook = closing()
    write_tasks(notebook, "03_preprocess", "en")
    notebook.cells = [cell for cell in notebook.cells if cell.id != lost]
    with pytest.raises(SystemExit, match=f"03_preprocess needs .*'{lost}'.* from git"):
        write_tasks(notebook, "03_preprocess", "en")
