"""Write the tasks of the exercises into the notebooks that they belong to; `sync` does it.

Their only source is exercises/source, for nbgrader as for the notebooks.
"""

import nbformat
from nbformat import NotebookNode

from course.classroom.assignments import SOURCE

# The cell with a notebook's exercises in words; the two cells after it, which are made here.
EXERCISES, TASKS, CHECK = "exercises", "exercise-tasks", "exercise-check"

OPENING = {
    "zh": """### 写成代码，自己核对

还是这几个想法，写成三道题，名字和参数都定好了；有的和上面问的不一样，请先看清题目。在末尾新建单元格，\
写好一道就运行，再运行下一格打印的对应那一行。答错了，会告诉你哪里想错了、该怎么改。核对只要几秒，不用联网。""",
    "en": """### As code, with a check

Three tasks on the same ideas, now with names and arguments that are fixed. Some ask something \
else than above, so read each one first. Write each into a new cell at the end and run it; then \
run the line for it that the cell below prints. If an answer is wrong, the check says which idea \
is wrong and what to do about it. It takes seconds and needs no network.""",
}


def has_tasks(name: str) -> bool:
    """Say whether there are exercises for a notebook, such as `03_preprocess`."""
    return (SOURCE / name / f"{name}.ipynb").is_file()


def tasks_text(name: str, language: str) -> str:
    """Return the Markdown text of a notebook's exercises as code.

    Args:
        name: the notebook's name, such as `03_preprocess`.
        language: `zh` or `en`; the source has each task in Chinese, then in English.
    """
    source = nbformat.read(SOURCE / name / f"{name}.ipynb", as_version=4)
    parts = [OPENING[language]]
    tasks = [cell.source for cell in source.cells if cell.id.endswith("-text")]
    for number, text in enumerate(tasks, start=1):
        chinese, _, english = text.partition("\n\n### ")
        if language == "zh":
            parts.append(f"#### {chinese.removeprefix('## ')}")
        else:
            parts.append(f"#### {number}. {english}")
    return "\n\n".join(parts)


def check_code(name: str) -> str:
    """Return the code that prints how each answer is checked."""
    return f'from helpers import check\n\ncheck.list_exercises("{name[:2]}")'


def write_tasks(notebook: NotebookNode, name: str, language: str) -> None:
    """Put the tasks, and the cell that lists their checks, after the exercises of a notebook.

    Existing cells keep their metadata and, unless their code changes, their outputs.

    Args:
        notebook: the notebook to change.
        name: its name, such as `03_preprocess`.
        language: the language of its prose.

    Raises:
        SystemExit: if the notebook has no cell of exercises, or only one of the two after it.
    """
    if not has_tasks(name):
        return
    cells = {cell.id: cell for cell in notebook.cells}
    if EXERCISES not in cells or (TASKS in cells) != (CHECK in cells):
        raise SystemExit(
            f"{name} needs a cell '{EXERCISES}', and '{TASKS}' with '{CHECK}' or neither: restore "
            "them from git, then run 'python -m course sync'."
        )
    skipped = {"slideshow": {"slide_type": "skip"}}
    if TASKS not in cells:
        place = [cell.id for cell in notebook.cells].index(EXERCISES) + 1
        cells[TASKS] = nbformat.v4.new_markdown_cell(id=TASKS, metadata=skipped)
        cells[CHECK] = nbformat.v4.new_code_cell(id=CHECK, metadata=skipped)
        notebook.cells[place:place] = [cells[TASKS], cells[CHECK]]
    cells[TASKS].source = tasks_text(name, language)
    if cells[CHECK].source != check_code(name):
        cells[CHECK].update(source=check_code(name), outputs=[], execution_count=None)
