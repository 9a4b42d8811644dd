"""Collect the pages of the website from all over the project."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course.notebooks.execute import find_notebooks
from course.notebooks.languages import ORIGINAL, notebook_folder
from course.publish.hosted_links import PLACEHOLDER, find_repository, hosted_links
from course.publish.static_notebook import make_static
from course.publish.try_page import BrowserModel, page_text, template
from helpers.environment import PROJECT

LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
CHINESE_SUFFIX = ".zh-CN.md"
# The headings of the lists of pages in the sidebar.
CAPTIONS = {"zh": ("笔记本", "说明"), "en": ("Notebooks", "More")}
# The page on which the reader's browser runs a model, and what leads there from the first page.
TRY = "try"
LEAD = {
    "zh": "**[试试这个模型](try.md)**：输入一句话，看它怎么读。它在你的浏览器里运行，"
    "输入的内容不会离开这一页。",
    "en": "**[Try the model](try.md)**: type a sentence, and see how the model reads it. It runs "
    "in your browser, and what you type never leaves the page.",
}


@dataclass(frozen=True)
class Pages:
    """The pages of the website in one language.

    Attributes:
        language: `zh` or `en`.
        notebooks: the notebooks, in order.
        texts: the pages in Markdown, by their names on the website.
        model: the model that a page of its own runs, if there is such a page.
    """

    language: str
    notebooks: list[Path]
    texts: dict[str, Path]
    model: BrowserModel | None = None

    @property
    def names(self) -> dict[Path, str]:
        """The name of each page in the folder that Sphinx reads, by its path in the project."""
        names = {path: f"{name}.md" for name, path in self.texts.items()}
        return names | {path: path.name for path in self.notebooks}


def find_pages(language: str, model: BrowserModel | None = None) -> Pages:
    """Return the pages of a language: the README, the notebooks, and the pages of docs/.

    Args:
        language: `zh` or `en`.
        model: the model that a page of its own runs; without it there is no such page.
    """
    is_chinese = language == ORIGINAL
    texts = {"index": PROJECT / ("README.zh-CN.md" if is_chinese else "README.md")}
    if model:
        texts[TRY] = template(language)
    for path in sorted((PROJECT / "docs").glob("*.md")):
        if path.name.endswith(CHINESE_SUFFIX):
            continue
        translated = path.with_name(path.stem + CHINESE_SUFFIX)
        # A page without a Chinese version is for both languages.
        texts[path.stem] = translated if is_chinese and translated.exists() else path
    texts["data"] = PROJECT / "data" / "reviews" / "README.md"
    return Pages(language, find_notebooks(None, notebook_folder(language)), texts, model)


def relink(text: str, path: Path, pages: Pages, folder: Path) -> str:
    """Point the links of a page to the other pages of the website.

    Args:
        text: the page, in Markdown.
        path: its path in the project.
        pages: all the pages in its language.
        folder: the folder that Sphinx reads. Linked files that are not pages are copied into it.

    Returns:
        The text, without the line that links the same page in the other language.

    Raises:
        SystemExit: if a link is broken.
    """

    def target(link: re.Match) -> str:
        if "//" in link[2]:
            return link[0]
        file = Path(os.path.normpath(path.parent / link[2]))
        if file in pages.names:
            return link[1] + pages.names[file] + link[3]
        if not file.is_file():
            raise SystemExit(f"{path} links to {link[2]}, which does not exist: fix the link.")
        copied = Path("files", file.relative_to(PROJECT))
        (folder / copied).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / copied)
        return link[1] + copied.as_posix() + link[3]

    lines = text.splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith(("[中文](", "[English](")))
    return LINK.sub(target, text)


def contents(pages: Pages) -> str:
    """Return the lists of pages for the sidebar, in Sphinx's Markdown."""
    notebooks = [path.stem for path in pages.notebooks]
    texts = [name for name in pages.texts if name not in ("index", TRY)]
    lists = [
        "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```"])
        for caption, names in zip(CAPTIONS[pages.language], (notebooks, texts), strict=True)
    ]
    if pages.model:
        # Above the others, without a heading.
        lists.insert(0, "\n".join(["```{toctree}", ":hidden:", "", TRY, "```"]))
    return "\n\n" + "\n\n".join(lists) + "\n"


def write_pages(pages: Pages, folder: Path) -> None:
    """Write the pages of a language into the folder that Sphinx reads.

    Args:
        pages: all the pages in a language.
        folder: that folder; it exists, with the configuration in it.
    """
    repository = find_repository()
    for name, path in pages.texts.items():
        text = FRONT_MATTER.sub("", path.read_text(encoding="utf-8"))
        if repository:
            text = text.replace(PLACEHOLDER, f"https://github.com/{repository}")
        if name == TRY:
            text = page_text(pages.language, pages.model)
        text = relink(text, path, pages, folder)
        if name == "index" and pages.model:
            text = text.replace("\n## ", f"\n{LEAD[pages.language]}\n\n## ", 1)
        if name == "index":
            text += contents(pages)
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    for path in pages.notebooks:
        notebook = make_static(nbformat.read(path, as_version=4))
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = relink(cell.source, path, pages, folder)
        if repository:
            where = path.relative_to(PROJECT).as_posix()
            notebook.cells[0].source += "\n\n" + hosted_links(repository, where, pages.language)
        nbformat.write(notebook, folder / path.name)
