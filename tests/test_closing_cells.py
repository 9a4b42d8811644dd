"""Each notebook closes with its quiz and its exercises, as exercises/ has them."""

import copy

import nbformat
import pytest
from nbformat import NotebookNode
from support.exercise_notebooks import SOURCES, read_source
from support.notebooks import in_each_language

from course.notebooks.closing_cells import NEXT, OwnWorkError, exercise_cells, write_closing
from course.notebooks.execute import find_notebooks
from course.notebooks.languages import notebook_folder

NAMES = [path.stem for path in find_notebooks()]
CELLS = [
    "exercises",
    *(f"exercise-{number}{kind}" for number in (1, 2, 3) for kind in ("-text", "", "-check")),
]

each_notebook = pytest.mark.parametrize("name", NAMES)


def closing() -> NotebookNode:
    cells = [
        nbformat.v4.new_markdown_cell("## Summary", id="summary"),
        nbformat.v4.new_markdown_cell("**Next**", id=NEXT),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def written(name: str = "03_preprocess", language: str = "en") -> NotebookNode:
    notebook = closing()
    write_closing(notebook, name, language)
    return notebook


@each_notebook
@in_each_language
def test_the_notebooks_are_up_to_date(name, language):
    notebook = nbformat.read(notebook_folder(language) / f"{name}.ipynb", as_version=4)
    again = copy.deepcopy(notebook)
    write_closing(again, name, language)
    assert again == notebook, "run 'python -m course sync'"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
@in_each_language
def test_every_task_is_told_whole_in_one_language(path, language):
    told = "\n\n".join(cell.source for cell in exercise_cells(path.stem[:2], language))
    for cell in read_source(path).cells:
        if cell.id.endswith("-text"):
            chinese, _, english = cell.source.partition("\n\n### ")
            wanted, other = (chinese, english) if language == "zh" else (english, chinese)
            assert wanted.partition("\n\n")[2] in told
            assert other.partition("\n\n")[2] not in told


def test_the_closing_comes_before_the_link_to_the_next_notebook():
    quiz = ["quiz", "quiz-box", "quiz-text"]
    assert [cell.id for cell in written().cells] == ["summary", *quiz, *CELLS, NEXT]


def test_an_exercise_is_its_task_a_place_for_the_answer_and_its_check():
    cells = {cell.id: cell.source for cell in exercise_cells("03", "en")}
    assert cells["exercise-1-text"].startswith("### 1. How much is cut\n\nWrite `truncated_share(")
    assert cells["exercise-1"] == (
        "def truncated_share(texts, tokenizer, limit):\n    # Your code here\n    ..."
    )
    assert cells["exercise-1-check"] == (
        'from helpers import check\n\ncheck.exercise("03-1", truncated_share)'
    )


def test_writing_it_again_keeps_what_was_stored():
    notebook = written()
    cell = next(cell for cell in notebook.cells if cell.id == "exercise-1-check")
    cell.update(execution_count=9, metadata={"tags": ["kept"]})
    cell.outputs = [nbformat.v4.new_output("stream", text="kept")]
    before = copy.deepcopy(notebook)
    write_closing(notebook, "03_preprocess", "en")
    assert notebook == before


def test_an_output_of_other_code_is_not_kept():
    notebook = written()
    cell = next(cell for cell in notebook.cells if cell.id == "exercise-1-check")
    cell.update(source="old", execution_count=9)
    cell.outputs = [nbformat.v4.new_output("stream", text="old")]
    write_closing(notebook, "03_preprocess", "en")
    cell = next(cell for cell in notebook.cells if cell.id == "exercise-1-check")
    assert (cell.outputs, cell.execution_count) == ([], None)


@pytest.mark.parametrize(
    "code", ["longest = 3", "def f():\n    # Your code here\n    ...\n    return 1"]
)
def test_somebodys_answer_is_not_overwritten(code):
    notebook = written()
    cell = next(cell for cell in notebook.cells if cell.id == "exercise-2")
    cell.source = code
    before = copy.deepcopy(notebook)
    with pytest.raises(OwnWorkError, match="exercise-2: save a copy of it elsewhere"):
        write_closing(notebook, "03_preprocess", "en")
    assert notebook == before


@each_notebook
def test_another_task_takes_the_place_of_one_that_nobody_answered(name):
    notebook = written(name)
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.rstrip().endswith("..."):
            cell.source = f"# An earlier task.\n{cell.source}"
    write_closing(notebook, name, "en")
    assert notebook == written(name)


def test_a_notebook_without_a_source_stays_as_it_is():
    assert written("99_unknown") == closing()


def test_a_notebook_without_its_last_cell_is_named_with_the_way_out():
    notebook = closing()
    notebook.cells.pop()
    with pytest.raises(SystemExit, match=f"03_preprocess needs a cell '{NEXT}'.* from git"):
        write_closing(notebook, "03_preprocess", "en")


@each_notebook
def test_the_exercises_are_left_as_a_learner_finds_them(name):
    notebook = nbformat.read(notebook_folder("zh") / f"{name}.ipynb", as_version=4)
    printed = {
        cell.id: "".join(output.text for output in cell.outputs)
        for cell in notebook.cells
        if cell.id.endswith("-check") and cell.id.startswith("exercise-")
    }
    assert printed == {f"exercise-{n}-check": f"☐ {name[:2]}-{n}\n" for n in (1, 2, 3)}
