"""The first page of the website, after the one on which to choose its language."""

import re
from pathlib import Path
from string import Template

import nbformat

from course.notebooks.opening import opening
from course.publish.try_page import template as try_template
from helpers.environment import PROJECT

TEMPLATE = Path(__file__).resolve().parent / "first_page_template"
LANGUAGE_PAGE = TEMPLATE / "languages.html"
# In a README: the picture of the results, and the line below it.
PICTURE = re.compile(r"^!\[[^\]]*\]\(docs/images/test_scores\.png\)\n\n\*.*\*$", re.MULTILINE)
TRY = {"zh": "试试这个模型", "en": "Try the model"}
TIMES = {
    "zh": "阅读：{0.reading} · 运行：{0.running}",
    "en": "{0.reading} to read · {0.running} to run",
}
# What is short enough for a card.
UNITS = {
    r"\b(?:one|a) minute\b": "1 min",
    r"(?<=\d) minutes?\b": " min",
    r"(?<=\d) seconds?\b": " s",
}


def template(language: str) -> Path:
    """Return where the page's text in a language is; its links are those of a README."""
    return TEMPLATE / f"index.{language}.md"


def page_text(language: str, title: str, notebooks: list[Path], readme: str, can_try: bool) -> str:
    """Return the first page in Markdown.

    Args:
        language: `zh` or `en`.
        title: the title of the series.
        notebooks: the notebooks that it leads to, in order.
        readme: the README in that language, which has the picture.
        can_try: whether the website has a page to try the model.
    """
    values = {
        "title": title,
        "try": f"[{TRY[language]}]({address(try_template(language))})" if can_try else "",
        "picture": PICTURE.search(readme)[0],
        "cards": "\n".join(card(path, language) for path in notebooks),
    }
    return Template(template(language).read_text(encoding="utf-8")).substitute(values)


def card(path: Path, language: str) -> str:
    """Return an item of a list in Markdown, which leads to a notebook."""
    said = opening(nbformat.read(path, as_version=4), language)
    # What comes after a colon is in the list of the notebooks at the side.
    short = re.split("[:：]", said.title)[0]
    times = TIMES[language].format(said)
    for long, unit in UNITS.items():
        times = re.sub(long, unit, times)
    return f"- [{short}]({address(path)})\n\n  {times}\n"


def address(path: Path) -> str:
    """Return how a README links a file."""
    return path.relative_to(PROJECT).as_posix()
