"""Find the oldest release of each direct dependency with which the stored outputs hold."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from course.canary.compare import run_cells
from course.canary.interface import calls_in, import_names
from course.canary.releases import CanaryError, choose_packages, lay_over, pinned_versions
from course.notebooks.answers import write_copies
from course.notebooks.execute import code_of, find_notebooks
from course.test import TRAINING
from helpers.environment import PROJECT

FINAL = re.compile(r"\d+(\.\d+)*(\.post\d+)?")


def earlier_releases(name: str) -> list[str]:
    """Return the releases before the pinned one that have a build for this Python, newest first."""
    command = [sys.executable, "-m", "pip", "index", "versions", name]
    result = subprocess.run(command, capture_output=True, text=True)
    line = next((line for line in result.stdout.splitlines() if line.startswith("Available")), "")
    versions = re.split(r",\s*", line.partition(":")[2].strip())
    pinned = pinned_versions()[name]
    if pinned not in versions:
        raise CanaryError(f"The index does not list {name} {pinned}: no release can be compared.")
    return list(filter(FINAL.fullmatch, versions[versions.index(pinned) + 1 :]))


def oldest_that_holds(versions: Sequence[str], holds: Callable[[str], bool]) -> str | None:
    """Return the last of the versions that holds, if all before it do; None if the first does not.

    Args:
        versions: releases, the newest first.
        holds: says whether the outputs hold with a release; if they do, they do with newer ones.
    """
    good, step = -1, 1
    # Ever larger steps back until one fails, then halves.
    while good + step < len(versions) and holds(versions[good + step]):
        good, step = good + step, step * 2
    bad = min(good + step, len(versions))
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if holds(versions[middle]) else (good, middle)
    return versions[good] if good >= 0 else None


def notebooks_that_use(name: str) -> list[Path]:
    """Return the notebooks that do not train and import a package, or all of them if none does."""
    tops = set(import_names(name))
    light = [path for path in find_notebooks() if path.name[:2] not in TRAINING]

    def uses(path: Path) -> bool:
        return any(called.partition(".")[0] in tops for called in calls_in(code_of(path)))

    return write_copies([path for path in light if uses(path)] or light)


def run(wanted: Sequence[str]) -> int:
    """Print for each direct dependency, or those named, the oldest release that holds."""
    pins = pinned_versions()
    if strangers := sorted(set(wanted) - set(pins)):
        raise CanaryError(f"{strangers[0]}: no direct dependency; pass one of {', '.join(pins)}.")
    names, options, left_out = choose_packages(wanted)
    for line in left_out:
        print(line)
    for name in names:
        notebooks = notebooks_that_use(name)

        def holds(version: str, name: str = name, notebooks: Sequence[Path] = notebooks) -> bool:
            try:
                answer = not run_cells(notebooks, [lay_over(name, version, options)])
            except CanaryError:
                # There is no build for this Python, or it cannot be imported.
                answer = False
            print(f"  {name} {version}: {'holds' if answer else 'does not hold'}")
            return answer

        found = oldest_that_holds(earlier_releases(name), holds)
        print(f"{name}: the outputs hold down to {found or pins[name]}")
    print(f"Compared: the notebooks in {PROJECT / 'notebooks'} that do not train and import it.")
    return 0
