"""A notebook in JupyterLab, worked with by clicks and keys."""

import re

import nbformat
from playwright.sync_api import Locator, Page, expect
from support.running_lab import Lab

from course.notebooks.languages import notebook_folder

LOADING_MILLISECONDS = 60_000
# The one that most is tried in.
LANGUAGE = "en"
NUMBERED = re.compile(r"\[\d+\]:")


class NotebookPage:
    """A notebook that is open in JupyterLab, its kernel ready."""

    def __init__(self, page: Page, lab: Lab, name: str, language: str = LANGUAGE):
        self.page = page
        path = notebook_folder(language) / f"{name}.ipynb"
        self.cells = nbformat.read(path, as_version=4).cells
        # `reset` closes what an earlier visitor had left open.
        page.goto(f"{lab.base}/lab/tree/{language}/{name}.ipynb?reset&token={lab.token}")
        expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(
            len(self.cells), timeout=LOADING_MILLISECONDS
        )
        idle = page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        expect(idle).to_be_visible(timeout=LOADING_MILLISECONDS)

    def cell(self, name: str) -> Locator:
        """The cell of an id."""
        place = [cell.id for cell in self.cells].index(name)
        return self.page.locator(".jp-Notebook .jp-Cell").nth(place)

    def output(self, name: str) -> Locator:
        """What a code cell shows below its code."""
        return self.cell(name).locator(".jp-Cell-outputArea")

    def show(self, name: str) -> None:
        """Scroll until a cell begins at the top of the screen."""
        self.cell(name).evaluate("cell => cell.scrollIntoView({block: 'start'})")

    def clear_outputs(self) -> None:
        """Edit, Clear Outputs of All Cells: what is seen afterwards was not stored before."""
        self.choose("Edit", "Clear Outputs of All Cells")
        expect(self.page.locator(".jp-Notebook .jp-OutputArea-output")).to_have_count(0)

    def run_all(self) -> None:
        """Run, Run All Cells."""
        self.choose("Run", "Run All Cells")

    def choose(self, menu: str, entry: str) -> None:
        """Click an entry of a menu."""
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        self.page.get_by_role("menuitem", name=entry, exact=True).click()

    def run(self, name: str, milliseconds: int = LOADING_MILLISECONDS) -> None:
        """Click into a cell, press Shift+Enter, and wait until it has run."""
        cell = self.cell(name)
        cell.locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Shift+Enter")
        expect(cell.locator(".jp-InputPrompt")).to_have_text(
            # As long as a cell waits or runs, there is a star in place of the number.
            NUMBERED,
            timeout=milliseconds,
        )

    def wait_for_the_end(self, milliseconds: int) -> None:
        """Wait until each code cell has got the number that the stored one has, or one fails."""
        for cell in self.cells:
            if cell.cell_type == "code":
                prompt = self.cell(cell.id).locator(".jp-InputPrompt")
                number = prompt.filter(has_text=f"[{cell.execution_count}]:")
                failure = self.page.locator(".jp-Notebook [data-mime-type*=error]")
                expect(number.or_(failure).first).to_be_attached(timeout=milliseconds)
                assert self.failures() == []

    def failures(self) -> list[str]:
        """What is shown in red: errors, and what was printed to stderr."""
        kinds = "[data-mime-type*=error], [data-mime-type*=stderr]"
        return self.page.locator(".jp-Notebook").locator(kinds).all_inner_texts()
