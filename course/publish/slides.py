"""Make a slide deck of each notebook, in build/slides/."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from nbformat import NotebookNode

from course.notebooks.execute import find_notebooks
from course.notebooks.languages import LANGUAGES, TITLES, notebook_folder
from course.notebooks.list_page import list_page, table
from course.notebooks.opening import title
from course.notebooks.run import print_progress
from course.publish.reveal import copy_reveal
from course.publish.slide_cells import deck, find_slides, slide_type
from course.publish.slide_heights import HEIGHT, WIDTH, style_variables
from course.publish.static_notebook import make_static
from helpers.environment import PROJECT
from helpers.files import replaced_folder

OUTPUT = PROJECT / "build" / "slides"
TEMPLATE = Path(__file__).resolve().parent / "slides_template"
REVEAL = "../reveal"
HEADER = {"zh": ("幻灯片", "张数", "分钟"), "en": ("deck", "slides", "minutes")}
HOW = {
    "zh": "按 S 打开讲者窗口，里面有备注和计时；按 F 全屏，按 Esc 看全部。要打印，在地址后面加上 "
    "<code>?print-pdf</code>。",
    "en": "S: notes and clock for the speaker. F: full screen. Esc: overview. To print a deck, add "
    "<code>?print-pdf</code> to its address.",
}


def read(path: Path) -> NotebookNode:
    """Read a notebook whose cells all have slide metadata.

    Raises:
        SystemExit: if a cell has none.
    """
    notebook = nbformat.read(path, as_version=4)
    missing = [cell.id for cell in notebook.cells if not slide_type(cell)]
    if missing:
        raise SystemExit(
            f"{path.relative_to(PROJECT)}: no slide metadata in {', '.join(missing)}: set "
            "it in JupyterLab (Property Inspector, Slide Type), then run 'python -m course sync'."
        )
    return notebook


def deck_page(notebook: NotebookNode, language: str) -> str:
    """Return the HTML page of one deck, which needs no network.

    Args:
        notebook: a notebook whose cells all have slide metadata.
        language: the language of its prose.
    """
    exporter = SlidesExporter(
        template_name=TEMPLATE.name,
        extra_template_basedirs=[str(TEMPLATE.parent)],
        reveal_url_prefix=REVEAL,
        reveal_theme="course",
        reveal_width=str(WIDTH),
        reveal_height=str(HEIGHT),
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        language_code=language,
    )
    cells = make_static(deck(notebook, language))
    page, _ = exporter.from_notebook_node(cells, resources={"metadata": {"name": title(notebook)}})
    return page


@dataclass(frozen=True)
class Deck:
    """What the page of all decks shows of one; `path` is relative to that page."""

    path: str
    title: str
    slides: int
    minutes: float


def index_page(decks: dict[str, list[Deck]]) -> str:
    """Return the page that links the decks of each language."""
    sections = []
    for language, rows in decks.items():
        linked = []
        for row in rows:
            link = f"<a href='{row.path}'>{html.escape(row.title)}</a>"
            linked.append([link, str(row.slides), f"{row.minutes:g}"])
        sections.append(
            f"<section lang='{language}'><h2>{html.escape(TITLES[language])}</h2>"
            f"<p>{HOW[language]}</p>{table(HEADER[language], linked)}</section>"
        )
    return list_page("幻灯片 · Slides", "zh", "\n".join(sections))


def make_slides(folder: Path) -> None:
    """Write every deck in both languages, reveal.js, and a page that links the decks.

    Args:
        folder: the folder to write, without anything in it.
    """
    decks: dict[str, list[Deck]] = {}
    for language in LANGUAGES:
        (folder / language).mkdir(parents=True)
        decks[language] = []
        for path in find_notebooks(None, notebook_folder(language)):
            print_progress(f"slides: {language} {path.stem}")
            notebook, page = read(path), f"{language}/{path.stem}.html"
            (folder / page).write_text(deck_page(notebook, language), encoding="utf-8")
            slides = find_slides(notebook)
            minutes = sum(slide.minutes or 0 for slide in slides)
            decks[language].append(Deck(page, title(notebook), len(slides), minutes))
    copy_reveal(folder / "reveal")
    theme = folder / "reveal" / "dist" / "theme" / "course.css"
    theme.parent.mkdir()
    style = (TEMPLATE / theme.name).read_text(encoding="utf-8")
    theme.write_text(style_variables() + style, encoding="utf-8")
    (folder / "index.html").write_text(index_page(decks), encoding="utf-8")


def main(arguments: Sequence[str] = ()) -> int:
    """Make the slides again."""
    with replaced_folder(OUTPUT) as folder:
        make_slides(folder)
    print_progress("")
    print(f"slides: {(OUTPUT / 'index.html').relative_to(PROJECT)}")
    return 0
