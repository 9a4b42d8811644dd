"""Write the closing of a notebook, its quiz and its exercises, from their sources; `sync` does it.

The quizzes are in exercises/quizzes. The tasks of the exercises are in exercises/source, for
nbgrader as for the notebooks.
"""

import copy
import re

import nbformat
from nbformat import NotebookNode

from helpers.check.quizzes import LETTERS, QUIZZES, Question, explanation, read_quiz, to_html
from helpers.check.tasks import SOURCE, read_tasks

QUIZ, EXERCISES, NEXT = "quiz", "exercises", "next"
# How the code of an exercise ends while nobody has put an answer in it.
UNTOUCHED = re.compile(r"(# Your code here\n *| = )\.\.\.\s*\Z")
# The cells that are made here.
MADE = re.compile(r"quiz(-box|-text)?|exercises|exercise-\d(-text|-check)?")

QUIZ_OPENING = {
    "zh": """## 小测

五道题，看看想法对不对。先自己选，再点字母：每个选项都会告诉你为什么对、为什么不对。""",
    "en": """## Quiz

Five questions to test your ideas. Decide first, then click a letter: each choice tells you why \
it is right or wrong.""",
}
QUIZ_SUMMARY = {"zh": "不运行代码，在这里读题目和解释", "en": "Questions and reasons, for reading"}
EXERCISES_OPENING = {
    "zh": """## 练习

把 `...` 换成你的代码，运行；再运行它下面的核对格。☐ 是还没有作答，☑ 是对了，☒ 后面说错在哪里。\
没有思路，就运行 `check.hint("{number}")`：它分三步提示，一次一步。核对只要几秒，不用联网。""",
    "en": """## Exercises

Put your code in place of `...` and run the cell; then run the check below it. ☐ means that there \
is no answer yet, ☑ that it is right, and after ☒ you are told what is wrong. No idea? Run \
`check.hint("{number}")`: it helps in three steps, one at a time. A check takes seconds and needs \
no network.""",
}


class OwnWorkError(Exception):
    """A notebook has somebody's own work; the message names it and says what to do."""


def question_text(number: int, question: Question, language: str) -> str:
    """Return a question in Markdown, each choice with its reason folded below it."""
    parts = [f"**{number}.** {question.text[language]}"]
    if question.code:
        parts.append(f"```python\n{question.code}\n```")
    for letter, choice in zip(LETTERS, question.choices, strict=False):
        # A summary is HTML: Markdown is not read in it.
        opening = f"<details>\n<summary>{letter}. {to_html(choice.text[language])}</summary>"
        parts += [opening, explanation(choice, language), "</details>"]
    return "\n\n".join(parts)


def quiz_cells(number: str, language: str) -> list[NotebookNode]:
    """Return the cells of a quiz: the heading, the box, and everything in Markdown, folded."""
    questions = read_quiz(number).questions
    told = [question_text(place, one, language) for place, one in enumerate(questions, start=1)]
    opening = f"<details>\n<summary>{QUIZ_SUMMARY[language]}</summary>"
    return [
        _prose(QUIZ, QUIZ_OPENING[language]),
        _code("quiz-box", f'from helpers import check\n\ncheck.quiz("{number}")'),
        _prose("quiz-text", "\n\n".join([opening, *told, "</details>"])),
    ]


def exercise_cells(number: str, language: str) -> list[NotebookNode]:
    """Return the cells of the exercises: for each its task, a place for the answer, its check."""
    opening = EXERCISES_OPENING[language].format(number=f"{number}-1")
    cells = [_prose(EXERCISES, opening, slide_type="slide")]
    cells[0].metadata["minutes"] = 1
    for place, task in enumerate(read_tasks(number), start=1):
        name = f"exercise-{place}"
        text = f"### {place}. {task.title[language]}\n\n{task.text[language]}"
        asked = re.search(r"\w+(?= =|\()", task.code.removeprefix("class "))[0]
        check = f'from helpers import check\n\ncheck.exercise("{number}-{place}", {asked})'
        cells += [
            _prose(f"{name}-text", text, slide_type="subslide"),
            _code(name, task.code),
            _code(f"{name}-check", check),
        ]
    return cells


def write_closing(notebook: NotebookNode, name: str, language: str) -> None:
    """Put the quiz and the exercises before the last cell of a notebook, `next`.

    Existing cells keep their metadata and, unless their code changes, their outputs.

    Args:
        notebook: the notebook to change.
        name: its name, such as `03_preprocess`.
        language: the language of its prose.

    Raises:
        OwnWorkError: if somebody has put an answer in a cell of an exercise.
        SystemExit: if the notebook has no cell `next`.
    """
    if not (SOURCE / name).is_dir():
        return
    number = name[:2]
    made = quiz_cells(number, language) if (QUIZZES / f"{number}.toml").is_file() else []
    made += exercise_cells(number, language)
    known = {cell.id: cell for cell in notebook.cells}
    if NEXT not in known:
        raise SystemExit(
            f"{name} needs a cell '{NEXT}', which links the next notebook: restore it from git, "
            "then run 'python -m course sync'."
        )
    answered = [
        cell.id
        for cell in made
        if re.fullmatch(r"exercise-\d", cell.id)
        and (stored := known.get(cell.id))
        and stored.source != cell.source
        and not UNTOUCHED.search(stored.source)
    ]
    if answered:
        raise OwnWorkError(
            f"{name}.ipynb: not written, for somebody's answer is in {', '.join(answered)}: save "
            f"a copy of it elsewhere, run 'git checkout notebooks/{language}/{name}.ipynb', then "
            "the command again."
        )
    for cell in made:
        if (stored := known.get(cell.id)) and stored.cell_type == cell.cell_type:
            cell.metadata = copy.deepcopy(stored.metadata)
            if cell.cell_type == "code" and stored.source == cell.source:
                cell.update(outputs=stored.outputs, execution_count=stored.execution_count)
    kept = [cell for cell in notebook.cells if not MADE.fullmatch(cell.id)]
    place = [cell.id for cell in kept].index(NEXT)
    notebook.cells = kept[:place] + made + kept[place:]


def _prose(name: str, text: str, slide_type: str = "skip") -> NotebookNode:
    slideshow = {"slide_type": slide_type}
    return nbformat.v4.new_markdown_cell(text, id=name, metadata={"slideshow": slideshow})


def _code(name: str, source: str) -> NotebookNode:
    slideshow = {"slide_type": "skip"}
    return nbformat.v4.new_code_cell(source, id=name, metadata={"slideshow": slideshow})
