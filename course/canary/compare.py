"""Run the notebooks with releases laid over, and find the release behind each changed cell."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbconvert.filters import strip_ansi

from course.canary import record_cells
from course.canary.releases import CanaryError, Change, environment_with
from course.notebooks.compare_pictures import PICTURE
from course.test import NBVAL, NOTEBOOKS, longest_first
from helpers.environment import PROJECT

BROKEN = {"removed interface", "error"}
# What Python raises where a name or an argument is gone.
REMOVED = {"AttributeError", "ImportError", "ModuleNotFoundError"}
NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?")


@dataclass
class ChangedCell:
    """A cell whose outputs are not the stored ones.

    Attributes:
        notebook: the name of its notebook, such as `03_preprocess`.
        cell: its id.
        old: the stored outputs as text.
        new: the outputs with the releases.
        kind: removed interface, error, new warning, plot changed, number moved, or text changed.
        causes: the changes that it takes; empty while not known.
    """

    notebook: str
    cell: str
    old: str
    new: str
    kind: str
    causes: list[Change] = field(default_factory=list)


def run_cells(
    notebooks: Sequence[Path], changes: Sequence[Change], options: Sequence[str] = ()
) -> list[ChangedCell]:
    """Compare notebooks, as `test` does, with some changes laid over.

    Args:
        notebooks: the files; several are run in pairs.
        changes: what is laid over.
        options: more options of pytest, such as `--exitfirst`.

    Returns:
        The cells whose outputs changed, in order.

    Raises:
        CanaryError: if the comparison could not be made at all.
    """
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pytest", *NBVAL, "-q"]
        command += ["-p", record_cells.__name__, "-p", "no:cacheprovider"]
        environment = environment_with(changes) | {record_cells.VARIABLE: scratch}
        command += options
        if len(notebooks) > 1:
            command += NOTEBOOKS
            environment["OMP_NUM_THREADS"] = "1"
        result = subprocess.run(
            [*command, *map(str, longest_first(notebooks))],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
        )
        files = sorted(Path(scratch).glob("*.jsonl"))
        lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    cells = sorted(map(json.loads, lines), key=lambda cell: cell["notebook"])
    failed = [cell for cell in cells if not cell["passed"]]
    # Pytest's exit codes: 1 tests failed, 2 it was interrupted, as its workers are by exitfirst.
    stopped = "--exitfirst" in options and failed and result.returncode == 2
    if (result.returncode > 1 and not stopped) or not lines:
        last = (result.stdout + result.stderr).strip().splitlines()[-1:]
        raise CanaryError(f"The notebooks could not be run: {''.join(last)}")
    return [changed_cell(cell) for cell in failed]


def changed_cell(line: dict) -> ChangedCell:
    """Make a changed cell of a line that `record_cells` wrote."""
    old, new = output_text(line["old"]), output_text(line["new"])
    kind = kind_of(line["old"], line["new"])
    return ChangedCell(line["notebook"], line["cell"], old, new, kind)


def output_text(outputs: Sequence[dict]) -> str:
    """Return outputs as text, plots as their alt texts, errors as their last line."""
    parts = []
    for output in outputs:
        if PICTURE in output.get("data", {}):
            parts.append(f"[plot: {output.get('metadata', {}).get(PICTURE, {}).get('alt')}]")
            continue
        if output["output_type"] == "error":
            parts.append(f"{output['ename']}: {output['evalue']}")
        parts.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
    return strip_ansi("\n".join(part.rstrip() for part in parts if part))


def kind_of(old: Sequence[dict], new: Sequence[dict]) -> str:
    """Say what kind of change it is, by what the outputs show."""
    error = next((output for output in new if output["output_type"] == "error"), None)
    if error:
        argument = error["ename"] == "TypeError" and "argument" in error["evalue"]
        return "removed interface" if argument or error["ename"] in REMOVED else "error"
    before, after = output_text(old), output_text(new)
    streams = [output_text([output]) for output in new if output.get("name") == "stderr"]
    if any(text not in before for text in streams) or "Warning" in after.replace(before, ""):
        return "new warning"
    if before == after:
        return "plot changed"
    return "number moved" if NUMBER.sub("#", before) == NUMBER.sub("#", after) else "text changed"


def find_causes(notebook: Path, changes: Sequence[Change], cells: Sequence[ChangedCell]) -> None:
    """Add to each changed cell of a notebook the changes that are its cause, by bisection.

    The changes are halved, and each half is run alone. A cell that changes under neither half needs
    changes of both: they are named together.
    """
    if not cells:
        return
    if len(changes) == 1:
        for cell in cells:
            cell.causes = list(changes)
        return
    middle = len(changes) // 2
    causes: dict[str, list[Change]] = {}
    for half in (changes[:middle], changes[middle:]):
        found = run_cells([notebook], half)
        find_causes(notebook, half, found)
        for cell in found:
            causes.setdefault(cell.cell, []).extend(cell.causes)
    for cell in cells:
        cell.causes = causes.get(cell.cell, list(changes))
