"""The pages for readers in both languages, as a translator confirmed that they say the same."""

from __future__ import annotations

import json
from pathlib import Path

from course.notebooks.languages import digest
from helpers.environment import PROJECT
from helpers.files import write_whole

RECORD = "docs/translated.json"
# The glossary and the card of the data have both languages in one file.
PAGES = ("README.md", "docs/*.md", "data/reviews/README.md")


def chinese(page: Path) -> Path:
    """Return where the Chinese of an English page is."""
    return page.with_name(f"{page.stem}.zh-CN.md")


def digests(project: Path = PROJECT) -> dict[str, str]:
    """Return the digest of each page together with its Chinese."""
    found = {}
    for page in (path for pattern in PAGES for path in sorted(project.glob(pattern))):
        if ".zh-CN" in page.name:
            continue
        texts = [
            path.read_text(encoding="utf-8") for path in (page, chinese(page)) if path.exists()
        ]
        found[page.relative_to(project).as_posix()] = digest("\n".join(texts))
    return found


def unconfirmed(project: Path = PROJECT) -> list[str]:
    """Return the pages that have changed, in either language, since they were confirmed."""
    recorded = json.loads((project / RECORD).read_text(encoding="utf-8"))
    current = digests(project)
    names = sorted(recorded.keys() | current.keys())
    return [name for name in names if recorded.get(name) != current.get(name)]


def confirm(project: Path = PROJECT) -> list[str]:
    """Record today's texts; return the pages that had changed."""
    changed = unconfirmed(project) if (project / RECORD).exists() else list(digests(project))
    write_whole(project / RECORD, json.dumps(digests(project), indent=1) + "\n")
    return changed
