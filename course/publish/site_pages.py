"""Collect the pages of the website from all over the project."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course.notebooks.execute import find_notebooks
from course.notebooks.languages import ORIGINAL, TITLES, notebook_folder
from course.publish import first_page
from course.publish.hosted_links import PLACEHOLDER, find_repository, hosted_links
from course.publish.static_notebook import make_static
from course.publish.try_page import BrowserModel, page_text, template
from helpers.environment import PROJECT

LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
# The line that leads to the same page in the other language.
OTHER_LANGUAGE = re.compile(r"^\[(?:中文|English)\]\(.*\n\n?", re.MULTILINE)
TITLE = re.compile(r"\A# .*")
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
CHINESE_SUFFIX = ".zh-CN.md"
# The headings of the lists of pages in the sidebar.
CAPTIONS = {"zh": ("笔记本", "说明"), "en": ("Notebooks", "More")}
# The page on which the reader's browser runs a model, and what the README is on the website.
TRY, COURSE = "try", "course"
ABOUT = {"zh": "关于这门课", "en": "About the course"}
# The pages that have both languages in one file, and so no title in one.
SHORT_TITLES = {
    "zh": {"glossary": "术语表", "data": "数据"},
    "en": {"glossary": "Glossary", "data": "The data"},
}
DOWNLOAD = {"zh": "下载这本笔记本", "en": "Download this notebook"}


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
    """Return the pages of a language: the first, the README, the notebooks, and those of docs/.

    Args:
        language: `zh` or `en`.
        model: the model that a page of its own runs; without it there is no such page.
    """
    is_chinese = language == ORIGINAL
    texts = {"index": first_page.template(language)}
    if model:
        texts[TRY] = template(language)
    texts[COURSE] = PROJECT / ("README.zh-CN.md" if is_chinese else "README.md")
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
        # Without `path:`, what is in Markdown would have to be a page.
        scheme = "path:" if file.suffix == ".md" else ""
        return link[1] + scheme + copied(file, folder) + link[3]

    return LINK.sub(target, OTHER_LANGUAGE.sub("", text))


def contents(pages: Pages) -> str:
    """Return the lists of pages for the sidebar, in Sphinx's Markdown."""
    notebooks = [path.stem for path in pages.notebooks]
    titles = SHORT_TITLES[pages.language]
    texts = [
        f"{titles[name]} <{name}>" if name in titles else name
        for name in pages.texts
        if name not in ("index", TRY)
    ]
    lists = [
        "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```"])
        for caption, names in zip(CAPTIONS[pages.language], (notebooks, texts), strict=True)
    ]
    if pages.model:
        # Above the others, without a heading.
        lists.insert(0, "\n".join(["```{toctree}", ":hidden:", "", TRY, "```"]))
    return "\n\n" + "\n\n".join(lists) + "\n"


def page_in_markdown(name: str, pages: Pages) -> str:
    """Return a page as it is written for its readers, before its links are those of the website."""
    path = pages.texts[name]
    if name == TRY:
        return page_text(pages.language, pages.model)
    if name == "index":
        title, readme = TITLES[pages.language], pages.texts[COURSE].read_text(encoding="utf-8")
        can_try = pages.model is not None
        return first_page.page_text(pages.language, title, pages.notebooks, readme, can_try)
    text = FRONT_MATTER.sub("", path.read_text(encoding="utf-8"))
    # The title of the series is that of the first page.
    return TITLE.sub(f"# {ABOUT[pages.language]}", text) if name == COURSE else text


def write_pages(pages: Pages, folder: Path) -> None:
    """Write the pages of a language into the folder that Sphinx reads.

    Args:
        pages: all the pages in a language.
        folder: that folder; it exists, with the configuration in it.
    """
    repository = find_repository()
    for name, path in pages.texts.items():
        # The links of the first page are those of a README.
        beside = pages.texts[COURSE] if name == "index" else path
        text = relink(page_in_markdown(name, pages), beside, pages, folder)
        if repository:
            text = text.replace(PLACEHOLDER, f"https://github.com/{repository}")
        if name == "index":
            text += contents(pages)
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    for path in pages.notebooks:
        notebook = make_static(nbformat.read(path, as_version=4))
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = relink(cell.source, path, pages, folder)
        link = f"[{DOWNLOAD[pages.language]}](path:{copied(path, folder)})"
        notebook.cells[0].source += f"\n\n{link}"
        if repository:
            where = path.relative_to(PROJECT).as_posix()
            notebook.cells[0].source += "\n\n" + hosted_links(repository, where, pages.language)
        nbformat.write(notebook, folder / path.name)


def copied(path: Path, folder: Path) -> str:
    """Copy a file into the folder that Sphinx reads; return where it is there."""
    place = Path("files", path.relative_to(PROJECT))
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / place)
    return place.as_posix()
