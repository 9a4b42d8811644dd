"""What a mutant is: one small change to one text of the course."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """A change that an operator can make to a text.

    Attributes:
        kind: what is changed, such as `another seed`.
        start: where in the text it begins.
        end: where it ends.
        new: what stands there afterwards; a function of the whole text where making it is slow.
    """

    kind: str
    start: int
    end: int
    new: str | Callable[[str], str]

    def apply(self, text: str) -> str:
        """Return the text with the change."""
        if callable(self.new):
            return self.new(text)
        return text[: self.start] + self.new + text[self.end :]


@dataclass(frozen=True)
class Mutant:
    """A text of the course, and what becomes of it.

    Attributes:
        path: the file, in the project, with slashes.
        cell: the id of the notebook's cell; None is a file that is no notebook.
        part: what of it: `code`, `prose`, the `alt` text of a plot, or a `picture` in base64.
        kind: what is changed.
        before: the text of the file, or of the cell.
        after: the text with the change.
    """

    path: str
    cell: str | None
    part: str
    kind: str
    before: str
    after: str

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.path}, {self.cell}" if self.cell else self.path

    def difference(self) -> list[str]:
        """Return the lines that go and the lines that come, as in a difference."""
        if self.part == "picture":
            return [f"- picture of {len(self.before)} letters", f"+ one of {len(self.after)}"]
        lines = difflib.ndiff(self.before.splitlines(), self.after.splitlines())
        return [line.rstrip() for line in lines if line[0] in "-+"]

    def line(self) -> int:
        """Return the number of the first line that changes."""
        pairs = zip(self.before.splitlines(), self.after.splitlines(), strict=False)
        return next((n for n, (old, new) in enumerate(pairs, start=1) if old != new), 1)
