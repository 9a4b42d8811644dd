"""Write what became of the mutants, as a table and in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from course.mutants.mutant import Mutant
from course.mutants.trial import Verdict

LONGEST = 240


@dataclass(frozen=True)
class Result:
    """A mutant, and what became of it.

    Attributes:
        mutant: the change.
        verdict: None if it was not tried.
        reason: why it is equivalent, or why it was not tried.
    """

    mutant: Mutant
    verdict: Verdict | None
    reason: str = ""


def area(mutant: Mutant) -> str:
    """Return the part of the course that a mutant is in."""
    if mutant.cell is not None:
        return "notebooks, prose" if mutant.part == "prose" else "notebooks, code and plots"
    return f"{mutant.path.split('/')[0]}/, code" if mutant.path.endswith(".py") else "pages"


def counts(results: Sequence[Result], group: Callable[[Mutant], str]) -> list[tuple[str, int, int]]:
    """Return for each group how many were killed, and how many there were.

    Args:
        results: the mutants that were tried.
        group: names the group of a mutant.
    """
    tried = Counter(group(each.mutant) for each in results)
    killed = Counter(group(each.mutant) for each in results if each.verdict.killed)
    return [(name, killed[name], tried[name]) for name in sorted(tried)]


def table(rows: Sequence[tuple[str, int, int]], heading: str) -> list[str]:
    """Return a table of killed and all, in Markdown."""
    lines = [f"| {heading} | Killed | Of | Score |", "|---|---|---|---|"]
    return lines + [
        f"| {name} | {killed} | {tried} | {killed / tried:.2f} |" for name, killed, tried in rows
    ]


def summary(results: Sequence[Result]) -> str:
    """Return the score in one line."""
    tried = [each for each in results if each.verdict is not None]
    killed = sum(each.verdict.killed for each in tried)
    late = sum(each.verdict.outcome == "timed out" for each in tried)
    same = sum(each.verdict is None and each.reason.startswith("equivalent") for each in results)
    line = f"{killed} of {len(tried)} mutants killed"
    line += f": {killed / len(tried):.3f}" if tried else ""
    line += f"; {late} of them timed out" if late else ""
    line += f"; {same} equivalent" if same else ""
    rest = len(results) - len(tried) - same
    return line + (f"; {rest} not tried" if rest else "") + "."


def block(mutant: Mutant) -> list[str]:
    """Return a mutant's difference as a block of Markdown, its longest lines shortened."""
    lines = [line if len(line) <= LONGEST else around(line, mutant) for line in mutant.difference()]
    return ["```diff", *lines, "```"]


def around(line: str, mutant: Mutant) -> str:
    """Return the part of a long line that is near the change."""
    pairs = zip(mutant.before, mutant.after, strict=False)
    place = next((n for n, (old, new) in enumerate(pairs) if old != new), 0)
    start = mutant.before.rfind("\n", 0, place) + 1
    middle = place - start + 2
    first = max(0, middle - LONGEST // 2)
    return f"{line[:2]}… {line[max(2, first) : first + LONGEST]} …"


def report_text(results: Sequence[Result], seed: int, seconds: float) -> str:
    """Return the report in Markdown.

    Args:
        results: every mutant that was chosen.
        seed: what chose them.
        seconds: how long the run took.
    """
    tried = [each for each in results if each.verdict is not None]
    lines = ["# Mutants", "", f"Seed {seed}, {seconds / 60:.0f} minutes. {summary(results)}", ""]
    lines += [*table(counts(tried, area), "Part"), ""]
    lines += [*table(counts(tried, lambda mutant: mutant.kind), "Kind"), ""]
    lines += [*table(counts(tried, lambda mutant: mutant.path), "File"), "", "## Survivors", ""]
    survivors = [each for each in tried if not each.verdict.killed]
    for each in survivors:
        lines += [f"### {each.mutant.place}: {each.mutant.kind}", ""]
        lines += [f"Survived {each.verdict.by}.", "", *block(each.mutant), ""]
    lines += [] if survivors else ["None.", ""]
    lines += ["## Equivalent, or not tried", ""]
    for each in results:
        if each.verdict is None:
            lines += [f"### {each.mutant.place}: {each.mutant.kind}", "", each.reason, ""]
            lines += [*block(each.mutant), ""]
    lines += ["## Killed", "", "| Mutant | Kind | By |", "|---|---|---|"]
    for each in tried:
        if each.verdict.killed:
            late = "timed out in " if each.verdict.outcome == "timed out" else ""
            by = (late + each.verdict.by).replace("|", "\\|")
            lines.append(f"| {each.mutant.place} | {each.mutant.kind} | {by} |")
    return "\n".join(lines) + "\n"
