"""Execute the answers to the exercises after their notebook, and show what they print.

In the cell `exercises`, each block of Python between <details> and </details> is an answer, and the
block of text after it is what the answer prints. `update` writes that block; `test` compares it, in
copies of the notebooks that end in their answers.
"""

import copy
import re
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.notebooks.exercise_tasks import EXERCISES
from helpers.environment import PROJECT

COPIES = PROJECT / "build" / "compare"
# A block of Python and, if it prints something, the block of text after it.
ANSWER = re.compile(r"```python\n(?P<code>.*?)\n```(?:\n\n```text\n(?P<output>.*?)```)?", re.S)


def answers(notebook: NotebookNode) -> list[tuple[str, str]]:
    """Return each answer's code and the output that is written after it."""
    return [(found["code"], found["output"] or "") for found in ANSWER.finditer(_hidden(notebook))]


def with_answers(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of a notebook with its answers at the end, as code cells with outputs."""
    longer = copy.deepcopy(notebook)
    count = sum(cell.cell_type == "code" for cell in longer.cells)
    for number, (code, output) in enumerate(answers(notebook), start=1):
        cell = nbformat.v4.new_code_cell(
            code, id=f"answer-{number}", execution_count=count + number
        )
        if output:
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=output)]
        longer.cells.append(cell)
    return longer


def take_answers(longer: NotebookNode, notebook: NotebookNode) -> None:
    """Copy the answers' code and outputs into a notebook, the Chinese or the English one.

    Args:
        longer: what `with_answers` returned; executed, if the outputs should be new.
        notebook: its cell `exercises` is changed, one answer after another.

    Raises:
        SystemExit: if the notebook has another number of answers.
    """
    made = [cell for cell in longer.cells if cell.id.startswith("answer-")]
    if len(answers(notebook)) != len(made):
        raise SystemExit(
            f"The cell '{EXERCISES}' has {len(answers(notebook))} blocks of Python in its answers "
            f"and {len(made)} in the other language: give both the same."
        )
    if not made:
        return
    cell = _exercises(notebook)
    waiting = iter(made)

    def block(_: re.Match) -> str:
        answer = next(waiting)
        printed = "".join(output.get("text", "") for output in answer.outputs)
        output = f"\n\n```text\n{printed.rstrip()}\n```" if printed else ""
        return f"```python\n{answer.source}\n```{output}"

    before, details, hidden = cell.source.partition("<details>")
    cell.source = before + details + ANSWER.sub(block, hidden)


def _exercises(notebook: NotebookNode) -> NotebookNode | None:
    return next((cell for cell in notebook.cells if cell.id == EXERCISES), None)


def _hidden(notebook: NotebookNode) -> str:
    cell = _exercises(notebook)
    return cell.source.partition("<details>")[2] if cell else ""


def write_copies(paths: Sequence[Path]) -> list[Path]:
    """Write the copies that are compared; return their paths."""
    COPIES.mkdir(parents=True, exist_ok=True)
    for path in paths:
        notebook = with_answers(nbformat.read(path, as_version=4))
        nbformat.write(notebook, COPIES / path.name)
    return [COPIES / path.name for path in paths]
