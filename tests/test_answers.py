"""The answers to exercises run after their notebook, and show what they print."""

import nbformat
import pytest
from nbformat import NotebookNode

from course.notebooks import answers
from course.notebooks.answers import take_answers, with_answers
from course.notebooks.execute import execute, find_notebooks
from course.notebooks.languages import LANGUAGES, notebook_folder

QUESTIONS = """## Exercises

1. How much is x? Not an answer: ```python``` is a word here.

<details>
<summary>Answers</summary>

```python
print(x + 1)
```

```text
an old output
```

Why it is so.

```python
y = 1
```

</details>"""


@pytest.fixture
def book() -> NotebookNode:
    cells = [
        nbformat.v4.new_code_cell("x = 3", id="set-x", execution_count=1),
        nbformat.v4.new_markdown_cell(QUESTIONS, id="exercises"),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def test_answers_follow_the_notebook_as_cells_with_what_they_are_said_to_print(book):
    _, _, first, second = with_answers(book).cells
    assert (first.source, first.outputs[0].text) == ("print(x + 1)", "an old output\n")
    assert (second.source, second.outputs) == ("y = 1", [])
    assert [first.execution_count, second.execution_count] == [2, 3]


def test_an_executed_answer_shows_what_it_printed(book, tmp_path):
    nbformat.write(book, tmp_path / "00_x.ipynb")
    executed = execute(tmp_path / "00_x.ipynb", report=lambda _: None, answers=True).notebook
    assert [cell.id for cell in executed.cells] == ["set-x", "exercises"]
    assert executed.cells[1].source == QUESTIONS.replace("an old output", "4")


def test_an_answer_that_fails_is_named(book, tmp_path):
    book.cells[1].source = QUESTIONS.replace("x + 1", "unknown")
    nbformat.write(book, tmp_path / "00_x.ipynb")
    execution = execute(tmp_path / "00_x.ipynb", report=lambda _: None, answers=True)
    assert execution.failed_cell == "answer-1"


def test_the_translation_takes_code_and_output_and_keeps_its_words(book):
    translation = nbformat.from_dict(book)
    translation.cells[1].source = QUESTIONS.replace("x + 1", "x").replace("Why", "Pourquoi")
    take_answers(with_answers(book), translation)
    assert translation.cells[1].source == QUESTIONS.replace("Why", "Pourquoi")


def test_a_translation_with_fewer_answers_is_refused(book):
    translation = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("<details></details>", id="exercises")]
    )
    with pytest.raises(SystemExit, match="has 0 blocks of Python in its answers and 2 in the"):
        take_answers(with_answers(book), translation)


def test_the_copies_that_are_compared_end_in_the_answers(book, tmp_path, monkeypatch):
    monkeypatch.setattr(answers, "COPIES", tmp_path / "copies")
    nbformat.write(book, tmp_path / "00_x.ipynb")
    assert answers.write_copies([tmp_path / "00_x.ipynb"]) == [tmp_path / "copies" / "00_x.ipynb"]
    copy = nbformat.read(tmp_path / "copies" / "00_x.ipynb", as_version=4)
    assert [cell.id for cell in copy.cells][-2:] == ["answer-1", "answer-2"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_every_notebook_has_an_answer_that_prints(path, language):
    book = nbformat.read(notebook_folder(language) / path.name, as_version=4)
    assert [code for code, output in answers.answers(book) if output]
