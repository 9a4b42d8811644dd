"""A person at the browser: what they open, what it asks of others, and what goes wrong."""

from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from course.notebooks.pictures import SCREENSHOTS
from course.serve.lab import is_loopback

# The size of a small laptop's screen.
SCREEN = {"width": 1280, "height": 800}
# What is in the page itself, or in this machine.
LOCAL_SCHEMES = {"about", "blob", "data", "file"}


def stays_here(address: str) -> bool:
    """Say whether an address leads to this machine."""
    parts = urlsplit(address)
    return parts.scheme in LOCAL_SCHEMES or is_loopback(parts.hostname or "")


class Visitor:
    """A page of a browser that has never been anywhere before.

    Attributes:
        page: the page; playwright's own calls click and type in it.
        outside: every address outside this machine that was asked for.
        errors: what the console shows as an error, and every script that broke.
    """

    def __init__(self, browser: Browser):
        self.context = browser.new_context(viewport=SCREEN)
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.context.on("request", lambda request: self.note_address(request.url))
        self.page = self.context.new_page()
        self.context.on("page", self.watch)
        self.watch(self.page)

    def watch(self, page: Page) -> None:
        page.on("websocket", lambda socket: self.note_address(socket.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.note_message(message.type, message.text))

    def note_address(self, address: str) -> None:
        if not stays_here(address):
            self.outside.append(address)

    def note_message(self, kind: str, text: str) -> None:
        if kind == "error":
            self.errors.append(text)

    def keep_picture(self, name: str, language: str, page: Page | None = None) -> Path:
        """Save what is on the screen."""
        path = SCREENSHOTS / language / f"{name}.png"
        (page or self.page).screenshot(path=path)
        return path
