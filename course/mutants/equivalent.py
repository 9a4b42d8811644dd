"""The mutants that change nothing that matters, each with the reason, in equivalent.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from course.mutants.mutant import Mutant
from course.mutants.population import Text, candidates, mutant, texts
from course.mutants.trial import TrialError

LIST = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True)
class Equivalent:
    """A mutant that no test need notice.

    Attributes:
        place: its file, and its cell after a comma, as the report writes it.
        kind: what is changed.
        old: the lines that go, without the spaces around them.
        new: the lines that come.
        reason: why nothing that matters is different.
    """

    place: str
    kind: str
    old: str
    new: str
    reason: str

    def is_of(self, each: Mutant) -> bool:
        """Say whether this is about a mutant."""
        return (self.place, self.kind) == (each.place, each.kind) and (
            (self.old, self.new) == changed_lines(each)
        )


def changed_lines(each: Mutant) -> tuple[str, str]:
    """Return the lines that go and the lines that come, each as one text."""
    lines = each.difference()
    sides = ([line[1:].strip() for line in lines if line[0] == sign] for sign in "-+")
    old, new = ("\n".join(side) for side in sides)
    return old, new


def read(path: Path = LIST) -> list[Equivalent]:
    """Return the list."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Equivalent(**entry) for entry in table.get("equivalent", [])]


def check(entries: Iterable[Equivalent], project: Path) -> None:
    """Check that each entry is about a mutant that there is.

    Raises:
        TrialError: naming an entry that is about none.
    """
    by_place: dict[str, list[Text]] = {}
    for text in texts(project):
        place = f"{text.path}, {text.cell}" if text.cell else text.path
        by_place.setdefault(place, []).append(text)
    for entry in entries:
        found = candidates(by_place.get(entry.place, []))
        made = (mutant(text, edit) for text, edit in found if edit.kind == entry.kind)
        if not any(entry.is_of(each) for each in made):
            raise TrialError(
                f"{LIST.name} has a mutant that there is no longer: {entry.place}, {entry.kind}, "
                f"{entry.old!r}: remove it."
            )
