"""Try the newest releases on the notebooks, and name the one behind each change."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from course.canary import interface, oldest
from course.canary.compare import BROKEN, ChangedCell, find_causes, run_cells
from course.canary.releases import CanaryError, Change, find_changes
from course.canary.report import report_text, write_report
from course.notebooks.answers import write_copies
from course.notebooks.execute import find_notebooks
from helpers.environment import PROJECT

QUIET, FAILED, CHANGED, BROKE = 0, 1, 3, 4
REPORT_FOLDER = PROJECT / "build"


def try_changes(notebooks: Sequence[Path], changes: Sequence[Change]) -> list[ChangedCell]:
    """Compare notebooks with all changes laid over; return the changed cells with their causes."""
    cells = run_cells(notebooks, changes)
    for notebook in notebooks:
        changed = [cell for cell in cells if cell.notebook == notebook.stem]
        if not changed:
            continue
        print(f"{notebook.stem}: {len(changed)} cells changed; looking for the cause")
        unchanged = {cell.cell for cell in run_cells([notebook], [])}
        find_causes(notebook, changes, [cell for cell in changed if cell.cell not in unchanged])
    return cells


def run(wanted: Sequence[str]) -> int:
    """Try the newest releases, or those asked for; write the report and return the exit code."""
    print("Looking for newer releases …")
    changes, left_out = find_changes(wanted)
    for line in [*map(str, changes), *left_out]:
        print(line)
    findings, pairs, cells, notebooks = [], 0, [], []
    if changes:
        findings, pairs = interface.check(changes)
        print("\n".join([f"{pairs} pairs of callable and keyword looked up", *findings]))
        notebooks = write_copies(find_notebooks())
        print(f"Running {len(notebooks)} notebooks with the new releases …")
        cells = try_changes(notebooks, changes)
    write_report(
        report_text(changes, left_out, findings, pairs, cells, len(notebooks)), REPORT_FOLDER
    )
    for cell in cells:
        print(f"{cell.notebook}, {cell.cell}: {cell.kind}; {', '.join(map(str, cell.causes))}")
    code = BROKE if any(cell.kind in BROKEN for cell in cells) else CHANGED if cells else QUIET
    word = {QUIET: "quiet", CHANGED: "changed", BROKE: "broken"}[code]
    print(f"The canary: {word}. The report: {REPORT_FOLDER / 'canary.md'}")
    return code


def main(arguments: Sequence[str] = ()) -> int:
    """Run the canary; return 0 if quiet, 3 if outputs changed, 4 if cells broke, 1 if it failed.

    Args:
        arguments: requirements to try in place of the newest of all, or `--oldest` and names.
    """
    backwards = "--oldest" in arguments
    wanted = [argument for argument in arguments if argument != "--oldest"]
    if unknown := [argument for argument in wanted if argument.startswith("-")]:
        print(f"{unknown[0]}: pass names of packages, or --oldest.", file=sys.stderr)
        return 2
    try:
        return oldest.run(wanted) if backwards else run(wanted)
    except CanaryError as error:
        print(error, file=sys.stderr)
        return FAILED
