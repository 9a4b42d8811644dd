"""What the tests read in a folder of HTML pages."""

import re
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

# Where an element says what the browser shall load with the page.
LOADED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "video": "src",
}
# A <link> with another of these names a page and loads nothing.
LOADING_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}
IN_STYLE = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
# Where pages commonly take scripts, styles and fonts from.
ELSEWHERE = re.compile(
    r"cdnjs\.cloudflare|jsdelivr|unpkg\.com|googleapis|gstatic|fontawesome\.com|code\.jquery"
)


class Folder:
    """A folder of pages as it stands on disk."""

    def __init__(self, root: Path):
        self.root = root
        self.paths = sorted(root.rglob("*.html"))

    @cached_property
    def pages(self) -> dict[Path, BeautifulSoup]:
        return {
            path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
            for path in self.paths
        }

    def page(self, name: str) -> BeautifulSoup:
        return self.pages[self.root / name]

    def loaded(self) -> list[tuple[Path, str]]:
        """Each address that a page or a style sheet loads something from, with the file."""
        found = []
        for path, page in self.pages.items():
            found += [(path, address) for tag in page.find_all(True) for address in loads(tag)]
        for path in self.root.rglob("*.css"):
            found += [(path, address) for address in in_style(path.read_text(encoding="utf-8"))]
        return [(path, address) for path, address in found if not address.startswith("data:")]

    def links(self) -> list[tuple[Path, str]]:
        """Each address that a page leads to, with the page."""
        return [
            (path, str(tag["href"]))
            for path, page in self.pages.items()
            for tag in page.find_all(["a", "link"], href=True)
        ]

    def broken(self, addresses: list[tuple[Path, str]]) -> list[str]:
        """Those addresses inside the folder that lead nowhere."""
        lost = []
        for path, address in addresses:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            known = self.anchors(target) if anchor and target.suffix == ".html" else {anchor}
            if not target.is_file() or anchor not in known:
                lost.append(f"{path.relative_to(self.root)}: {address}")
        return lost

    def anchors(self, path: Path) -> set[str]:
        if path not in self.pages:
            return set()
        return {
            str(tag[key])
            for tag in self.pages[path].find_all(True)
            for key in ("id", "name")
            if tag.has_attr(key)
        }

    def outside(self) -> list[str]:
        """What is loaded, or would be by a script, from outside the folder."""
        found = [
            f"{path.relative_to(self.root)}: {address}"
            for path, address in self.loaded()
            if urlsplit(address).scheme or address.startswith(("//", "/"))
        ]
        for kind in ("*.html", "*.js", "*.css"):
            for path in self.root.rglob(kind):
                names = set(ELSEWHERE.findall(path.read_text(encoding="utf-8")))
                found += [f"{path.relative_to(self.root)} names {name}" for name in sorted(names)]
        return found


def loads(tag: Tag) -> list[str]:
    """The addresses that an element loads something from."""
    found = in_style(str(tag.get("style", "")))
    if tag.name == "style":
        found += in_style(tag.get_text())
    if tag.name == "link" and not LOADING_LINKS & set(tag.get("rel", [])):
        return found
    if tag.get(LOADED.get(tag.name, "")):
        found.append(str(tag[LOADED[tag.name]]))
    return found


def in_style(text: str) -> list[str]:
    """The addresses in a style sheet."""
    return [(first or second).strip() for first, second in IN_STYLE.findall(text)]
