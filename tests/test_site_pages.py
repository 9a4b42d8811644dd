"""What the website is made of: the pages where the project keeps them, with links that fit."""

import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import nbformat
import pytest
from support.notebooks import in_each_language

from course.notebooks.execute import find_notebooks
from course.notebooks.languages import LANGUAGES, TITLES
from course.notebooks.opening import opening
from course.publish import first_page, hosted_links, site, site_pages
from course.publish.site_pages import Pages, contents, find_pages, relink, write_pages
from course.publish.try_page import BrowserModel
from helpers.environment import PROJECT

OPENING = """# 00 Start: and see

[how](../../docs/learning.md)

**Time**: about 8 minutes to read; about 20 seconds to run on a 2-core CPU."""


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A small project."""
    monkeypatch.setattr(site_pages, "PROJECT", tmp_path)
    monkeypatch.setattr(first_page, "PROJECT", tmp_path)
    monkeypatch.setattr(first_page, "TEMPLATE", tmp_path)
    (tmp_path / "index.en.md").write_text("# $title $try\n\n$picture\n\n$cards\n")
    for name in ("docs/images", "notebooks/en"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "README.md").write_text(
        "# Course\n\n[中文](README.zh-CN.md)\n\nSee [00](notebooks/en/00_start.ipynb#one), "
        "[how](docs/learning.md), ![plot](docs/images/plot.png), [Hub](https://hub.example/a).\n\n"
        "![scores](docs/images/test_scores.png)\n\n*From 07.*\n"
    )
    (tmp_path / "docs" / "images" / "test_scores.png").write_bytes(b"a picture")
    (tmp_path / "docs" / "learning.md").write_text("---\na: 1\n---\n# How\n\n[up](../README.md)\n")
    (tmp_path / "docs" / "images" / "plot.png").write_bytes(b"a picture")
    cells = [
        nbformat.v4.new_markdown_cell(OPENING, id="title"),
        nbformat.v4.new_code_cell("# [up](../../README.md)", id="code"),
        nbformat.v4.new_markdown_cell("[up](../../README.md)", id="end"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbformat.write(notebook, tmp_path / "notebooks" / "en" / "00_start.ipynb")
    return tmp_path


@pytest.fixture
def pages(project) -> Pages:
    texts = {
        "index": project / "index.en.md",
        "course": project / "README.md",
        "learning": project / "docs" / "learning.md",
    }
    return Pages("en", [project / "notebooks" / "en" / "00_start.ipynb"], texts)


@in_each_language
def test_every_notebook_and_every_text_of_the_language_is_a_page(language):
    pages = find_pages(language)
    assert [path.name for path in pages.notebooks] == [path.name for path in find_notebooks()]
    for path in PROJECT.glob("docs/*.md"):
        name = path.name.removesuffix(".zh-CN.md").removesuffix(".md")
        assert name in pages.texts


@in_each_language
def test_a_page_is_in_the_language_if_it_is_there_in_it(language):
    texts = find_pages(language).texts.values()
    translated = [path for path in texts if path.with_name(f"{path.stem}.zh-CN.md").exists()]
    chinese = [path for path in texts if path.name.endswith(".zh-CN.md")]
    assert bool(chinese) == (language == "zh")
    assert bool(translated) == (language == "en")


def test_links_lead_to_the_other_pages(pages, project, tmp_path):
    path = project / "README.md"
    text = relink(path.read_text(), path, pages, tmp_path / "site")
    assert "[00](00_start.ipynb#one)" in text
    assert "[how](learning.md)" in text
    assert "[Hub](https://hub.example/a)" in text


def test_a_file_that_is_no_page_comes_along(pages, project, tmp_path):
    path, folder = project / "README.md", tmp_path / "site"
    assert "![plot](files/docs/images/plot.png)" in relink(path.read_text(), path, pages, folder)
    assert (folder / "files" / "docs" / "images" / "plot.png").read_bytes() == b"a picture"


def test_the_link_to_the_other_language_is_left_to_the_website(pages, project, tmp_path):
    path = project / "README.md"
    assert "README.zh-CN.md" not in relink(path.read_text(), path, pages, tmp_path)


def test_a_link_that_leads_nowhere_is_refused_by_its_name(pages, project, tmp_path):
    with pytest.raises(SystemExit, match=r"README\.md links to gone\.md, which does not exist"):
        relink("[gone](gone.md)", project / "README.md", pages, tmp_path)


def test_the_lists_at_the_side_have_every_page_but_the_first(pages):
    start = "```{toctree}\n:hidden:\n"
    listed = (
        f"{start}:caption: Notebooks\n\n00_start\n```\n\n"
        f"{start}:caption: More\n\ncourse\nlearning\nGlossary <glossary>\n```\n"
    )
    texts = {**pages.texts, "glossary": Path("glossary.md"), "try": Path("try.md")}
    assert contents(replace(pages, texts=texts)) == f"\n\n{listed}"
    with_model = replace(pages, texts=texts, model=BrowserModel(1, []))
    assert contents(with_model) == f"\n\n{start}\ntry\n```\n\n{listed}"


def test_with_a_model_the_first_page_leads_to_it_and_the_side_has_it_first(tmp_path):
    with_model = find_pages("en", BrowserModel(31_000_000, ["bad", "good"], own="mine"))
    write_pages(with_model, tmp_path)
    lead, _, rest = (tmp_path / "index.md").read_text(encoding="utf-8").partition("\n## ")
    assert "[Try the model](try.md)" in lead
    assert "\ntry\n" in rest.partition("00_quickstart\n")[0]
    text = (tmp_path / "try.md").read_text(encoding="utf-8")
    assert "A model of your own, from the folder `mine`." in text
    assert "(08_analyze_and_predict.ipynb)" in text


def test_what_sphinx_reads_is_written_beside_its_configuration(pages, project, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    write_pages(pages, folder)
    assert (folder / "learning.md").read_text() == "# How\n\n[up](course.md)\n"
    assert (folder / "course.md").read_text().startswith("# About the course\n\nSee [00]")
    first, *others = nbformat.read(folder / "00_start.ipynb", as_version=4).cells
    assert first.source.startswith("# 00 Start: and see\n\n[how](learning.md)\n\n**Time**")
    assert [cell.source for cell in others] == ["# [up](../../README.md)", "[up](course.md)"]
    assert "{toctree}" in (folder / "index.md").read_text()


def test_the_first_page_has_the_picture_and_a_card_for_each_notebook(pages, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    write_pages(pages, folder)
    text = (folder / "index.md").read_text()
    assert "![scores](files/docs/images/test_scores.png)\n\n*From 07.*" in text
    assert "- [00 Start](00_start.ipynb)\n\n  8 min to read · 20 s to run\n" in text


@pytest.mark.parametrize(
    ("language", "times", "shown"),
    [
        ("en", "about a minute to read; about 2 minutes to run", "1 min to read · 2 min to run"),
        ("en", "about 9 minutes to read, about 1 minute to run", "9 min to read · 1 min to run"),
        ("zh", "阅读约 8 分钟；在双核 CPU 上运行约 20 秒。", "阅读：8 分钟 · 运行：20 秒"),
    ],
)
def test_a_card_has_a_short_title_and_short_times(language, times, shown, project):
    path = project / "notebooks" / "en" / "07_a.ipynb"
    cell = nbformat.v4.new_markdown_cell(f"# 07 Train：see: it\n\n{times}", id="title")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    assert first_page.card(path, language) == (
        f"- [07 Train](notebooks/en/07_a.ipynb)\n\n  {shown}\n"
    )


@pytest.mark.parametrize("code", [0, 2])
@in_each_language
def test_sphinx_is_run_on_the_pages_of_a_language(language, code, tmp_path, monkeypatch, capsys):
    source, output = tmp_path / "source", tmp_path / "site"
    (output / "jupyter_execute").mkdir(parents=True)
    run = Mock(return_value=subprocess.CompletedProcess([], code))
    monkeypatch.setattr(site.subprocess, "run", run)
    monkeypatch.setattr(site, "write_pages", lambda pages, folder: (folder / "index.md").touch())
    with nullcontext() if code == 0 else pytest.raises(SystemExit, match=r"^Sphinx could not"):
        site.build(Pages(language, [], {}), source, output)
    name, title = {"zh": ("zh_CN", "模型微调入门"), "en": ("en", TITLES["en"])}[language]
    (command,) = run.call_args.args
    options = ["--quiet", "--builder=html", "-D", f"language={name}", "-D", f"html_title={title}"]
    assert command[:3] == [sys.executable, "-m", "sphinx"]
    assert command[3:-4] == options
    folders = [source / f"{language}-doctrees", source / language, output / language]
    assert command[-4:] == ["--doctree-dir", *folders]
    for path in ("conf.py", "index.md", "static/try.js", "static/try.css", "static/LICENSE.txt"):
        assert (source / language / path).is_file()
    assert (output / "jupyter_execute").exists() == (code != 0)
    shown = {"zh": "中文", "en": "English"}[language]
    assert capsys.readouterr().out == f"site: {shown} (a minute or so)\n"


def test_a_notebook_leads_to_itself_as_a_file(pages, project, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    write_pages(pages, folder)
    first, *_ = nbformat.read(folder / "00_start.ipynb", as_version=4).cells
    link = "[Download this notebook](path:files/notebooks/en/00_start.ipynb)"
    assert first.source.endswith(f"on a 2-core CPU.\n\n{link}")
    original = project / "notebooks" / "en" / "00_start.ipynb"
    assert (folder / "files/notebooks/en/00_start.ipynb").read_bytes() == original.read_bytes()


def test_a_notebook_that_says_no_time_is_refused_by_its_title():
    cell = nbformat.v4.new_markdown_cell("# 00 Start", id="title")
    with pytest.raises(SystemExit, match="00 Start: the first cell does not say how long"):
        opening(nbformat.v4.new_notebook(cells=[cell]), "en")


@pytest.mark.parametrize(
    "address",
    ["https://github.com/someone/course.git", "git@github.com:someone/course"],
    ids=["https", "ssh"],
)
def test_a_copy_on_github_is_known_by_where_it_came_from(address, project, monkeypatch):
    monkeypatch.setattr(hosted_links, "PROJECT", project)
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    assert hosted_links.find_repository() is None
    subprocess.run(["git", "remote", "add", "origin", address], cwd=project, check=True)
    assert hosted_links.find_repository() == "someone/course"
    monkeypatch.setenv("PATH", "")
    assert hosted_links.find_repository() is None


def test_a_published_notebook_can_be_opened_online(pages, project, tmp_path, monkeypatch):
    monkeypatch.setattr(site_pages, "find_repository", lambda: "someone/course")
    with (project / "README.md").open("a") as readme:
        readme.write(f"git clone {hosted_links.PLACEHOLDER} course\n")
    folder = tmp_path / "site"
    folder.mkdir()
    write_pages(pages, folder)
    first, *_ = nbformat.read(folder / "00_start.ipynb", as_version=4).cells
    tag, path = hosted_links.course_tag(), "notebooks/en/00_start.ipynb"
    place = f"someone/course/blob/{tag}/{path}"
    assert first.source.splitlines()[-1] == (
        "Open it online ([how](hosted.md)): "
        f"[Colab](https://colab.research.google.com/github/{place}) · "
        f"[Kaggle](https://kaggle.com/kernels/welcome?src=https://github.com/{place}) · "
        f"[Binder](https://mybinder.org/v2/gh/someone/course/{tag}?urlpath=lab/tree/{path}) · "
        "[Codespaces](https://codespaces.new/someone/course)"
    )
    assert (
        "git clone https://github.com/someone/course course" in (folder / "course.md").read_text()
    )


def test_the_first_page_leads_to_both_languages():
    page = first_page.LANGUAGE_PAGE.read_text(encoding="utf-8")
    assert [f'"{name}/index.html"' in page for name in LANGUAGES] == [True, True]
