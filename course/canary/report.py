"""Write what the canary found, in Markdown and as a page."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

import mistune

from course.canary.compare import ChangedCell
from course.canary.releases import Change
from course.notebooks.list_page import list_page
from helpers.files import write_whole


def difference(cell: ChangedCell) -> str:
    """Return the old and the new outputs of a cell as a difference of lines."""
    lines = difflib.ndiff(cell.old.splitlines(), cell.new.splitlines())
    return "\n".join(line for line in lines if not line.startswith("?"))


def report_text(
    changes: Sequence[Change],
    left_out: Sequence[str],
    interface: Sequence[str],
    pairs: int,
    cells: Sequence[ChangedCell],
    notebooks: int,
) -> str:
    """Return the report in Markdown.

    Args:
        changes: what was laid over.
        left_out: sentences about what was not tried.
        interface: the findings about calls.
        pairs: how many pairs of callable and keyword were looked up.
        cells: the cells whose outputs changed, with their causes.
        notebooks: how many notebooks were run.
    """
    lines = ["# Canary", ""]
    if changes:
        lines += ["| Package | Pinned | New | Brings with it |", "|---|---|---|---|"]
        lines += [
            f"| {each.name} | {each.old} | {each.new} | {', '.join(each.needs)} |"
            for each in changes
        ]
    else:
        lines.append("Every direct dependency is at its newest release.")
    lines += ["", *(f"Left out: {sentence}" for sentence in left_out), ""]
    lines += ["## Calls", ""]
    lines += [f"{pairs} pairs of callable and keyword were looked up, and nothing was run.", ""]
    lines += [f"- {finding}" for finding in interface] or ["Each is as before."]
    lines += ["", "## Cells", ""]
    lines.append(f"{notebooks} notebooks were run; {len(cells)} cells print something else.")
    for cell in cells:
        cause = ", ".join(map(str, cell.causes)) or "not the releases: it changes with the pins too"
        lines += ["", f"### {cell.notebook}, `{cell.cell}`: {cell.kind}", "", f"Cause: {cause}."]
        lines += ["", "```diff", difference(cell), "```"]
    if changes:
        lines += ["", "## To take the releases over", "", "In `pyproject.toml`:", "", "```toml"]
        lines += [f'"{each.name}=={each.new}",' for each in changes]
        lines += ["```", "", "Then:", "", "```shell", "python -m course lock"]
        numbers = sorted({cell.notebook[:2] for cell in cells})
        lines += [f"python -m course update {number}" for number in numbers]
        lines += ["python -m course test", "```"]
    return "\n".join(lines) + "\n"


def write_report(text: str, folder: Path) -> None:
    """Write the report as canary.md and canary.html."""
    write_whole(folder / "canary.md", text)
    heading, _, below = text.partition("\n")
    body = mistune.create_markdown(plugins=["table"])(below)
    write_whole(folder / "canary.html", list_page(heading.removeprefix("# "), "en", body))
