"""A real Chromium, and what the tests open in it: JupyterLab, the slides and the website."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyterlab_page import LANGUAGE, NotebookPage
from playwright.sync_api import Browser, expect, sync_playwright
from support.running_lab import Lab, running_lab
from visitor import Visitor

from course.environment.chromium import find_chromium
from helpers.environment import PROJECT

OPTIONS = [
    # Chromium's own sandbox does not start as root; every page here is ours.
    "--no-sandbox",
    "--disable-gpu",
    # What Chromium would ask of its makers by itself.
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A name that leads elsewhere is never looked up.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
# A machine that trains beside it is slow to answer.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium) -> Iterator[Visitor]:
    """Somebody new; wherever they went, nothing came from elsewhere and nothing broke."""
    visitor = Visitor(chromium)
    yield visitor
    visitor.context.close()
    assert visitor.outside == []
    assert visitor.errors == []


@pytest.fixture(scope="module")
def copied_project(tmp_path_factory) -> Path:
    """A copy in which notebooks are run and saved, and then lost."""
    project = tmp_path_factory.mktemp("project")
    # With helpers, which say where the project is: without, the notebooks would be the real ones.
    for name in ("notebooks", "course", "helpers"):
        shutil.copytree(PROJECT / name, project / name)
    for name in ("pyproject.toml", "data"):
        (project / name).symlink_to(PROJECT / name)
    (project / "build").mkdir()
    (project / "build" / "rise").symlink_to(PROJECT / "build" / "rise")
    return project


@pytest.fixture(scope="module")
def lab(copied_project, tmp_path_factory) -> Iterator[Lab]:
    """JupyterLab on a copy of the notebooks."""
    with running_lab(tmp_path_factory.mktemp("home"), copied_project, LANGUAGE) as running:
        yield running


@pytest.fixture
def open_notebook(lab, visitor) -> Callable[[str], NotebookPage]:
    """Open one of the notebooks as a learner does."""

    def open_notebook(name: str, language: str = LANGUAGE) -> NotebookPage:
        return NotebookPage(visitor.page, lab, name, language)

    return open_notebook
