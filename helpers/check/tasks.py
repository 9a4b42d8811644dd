"""The exercises as exercises/source has them: each task in both languages, and its solution."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import indent

from helpers.environment import PROJECT

SOURCE = PROJECT / "exercises" / "source"
SOLUTION = re.compile(r"( *)### BEGIN SOLUTION\n(.*?) *### END SOLUTION\n?", re.DOTALL)
# What stands in a notebook where nbgrader puts `raise NotImplementedError()`.
PLACE = "# Your code here\n..."


@dataclass(frozen=True)
class Task:
    """An exercise as a learner gets it.

    Attributes:
        title: its title, by language.
        text: what is asked, in Markdown, by language.
        code: the signature, with a place for the answer.
        solution: the whole answer.
    """

    title: dict[str, str]
    text: dict[str, str]
    code: str
    solution: str


@cache
def read_tasks(notebook: str) -> tuple[Task, ...]:
    """Return the tasks of a notebook in order.

    Args:
        notebook: its number, such as `03`.

    Raises:
        FileNotFoundError: if there are none: when submissions are graded, solutions are hidden.
    """
    found = sorted(SOURCE.glob(f"{notebook}_*/{notebook}_*.ipynb"))
    if not found:
        raise FileNotFoundError(f"There are no exercises of notebook {notebook!r} in {SOURCE}.")
    return tuple(_read(found[0]))


def _read(path: Path) -> list[Task]:
    book = json.loads(path.read_text(encoding="utf-8"))
    sources = {cell["id"]: "".join(cell["source"]) for cell in book["cells"]}
    tasks = []
    for name in sorted(name for name in sources if re.fullmatch(r"exercise-\d", name)):
        # `## 1. 标题`, the task, `### Title`, and the task again.
        chinese, _, english = sources[f"{name}-text"].partition("\n\n### ")
        titles, texts = {}, {}
        for language, told in (("zh", re.sub(r"^## \d\. ", "", chinese)), ("en", english)):
            titles[language], _, texts[language] = told.partition("\n\n")
        tasks.append(
            Task(
                titles, texts, SOLUTION.sub(_place, sources[name]).rstrip(), _solved(sources[name])
            )
        )
    return tasks


def _place(solution: re.Match) -> str:
    return f"{indent(PLACE, solution[1])}\n" if solution[1] else ""


def _solved(source: str) -> str:
    return SOLUTION.sub(lambda solution: solution[2], source).rstrip()
