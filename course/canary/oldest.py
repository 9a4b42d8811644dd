"""Find the oldest release of each direct dependency with which the stored outputs hold."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from course.canary.compare import run_cells
from course.canary.interface import calls_in, import_names
from course.canary.releases import CanaryError, Change, choose_packages, lay_over, pinned_versions
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


def those_that_hold(versions: Sequence[str], holds: Callable[[str], bool]) -> Sequence[str]:
    """Return the versions before the first that does not hold.

    Args:
        versions: releases, the newest first.
        holds: says whether the outputs hold with a release; if they do, they do with newer ones.
    """
    if not versions or holds(versions[-1]):
        return versions
    versions = versions[:-1]
    good, step = -1, 1
    # Ever larger steps back until one fails, then halves.
    while good + step < len(versions) and holds(versions[good + step]):
        good, step = good + step, step * 2
    bad = min(good + step, len(versions))
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if holds(versions[middle]) else (good, middle)
    return versions[: good + 1]


def imported(code: str) -> set[str]:
    """Return the modules that a text imports, itself or through what it takes from helpers."""
    found, texts, read = set(), [code], set()
    while texts:
        for name in calls_in(texts.pop()):
            found.add(name.partition(".")[0])
            module = PROJECT.joinpath(*name.split(".")[:2]).with_suffix(".py")
            if name.startswith("helpers.") and module.is_file() and module not in read:
                read.add(module)
                texts.append(module.read_text(encoding="utf-8"))
    return found


def notebooks_that_use(name: str) -> list[Path]:
    """Return the notebooks that import a package: those that do not train, if there are any.

    What no notebook imports, because another package does, is tried on all that do not train.
    """
    tops, notebooks = set(import_names(name)), find_notebooks()
    light = [path for path in notebooks if path.name[:2] not in TRAINING]
    using = [path for path in notebooks if tops & imported(code_of(path))]
    return write_copies([path for path in light if path in using] or using or light)


def has_modules(change: Change) -> bool:
    """Say whether a release has the modules of its package: some early ones only keep the name.

    Without them the pinned package would be imported, and compared.
    """
    names = import_names(change.name)
    files = {path.stem for path in change.folder.iterdir()}
    return not names or not files.isdisjoint(names)


@contextmanager
def versions_made_equal(change: Change) -> Iterator[str]:
    """Give the option with which nbval takes a package's pinned version and another for the same.

    A cell that prints the version would change with every release.
    """
    versions = "|".join(map(re.escape, (change.old, change.new)))
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "settings")
        pattern = rf"(?<![\d.])({versions})(?![\d.])"
        settings.write_text(f"[version]\nregex: {pattern}\nreplace: version\n", encoding="utf-8")
        yield f"--nbval-sanitize-with={settings}"


def outputs_hold(
    name: str, options: Sequence[str], notebooks: Sequence[Path], version: str
) -> bool:
    """Say, and print, whether the stored outputs of notebooks hold with a release.

    Args:
        name: the package.
        options: more options of pip.
        notebooks: the files; the first cell that changes ends the comparison.
        version: the release.
    """
    try:
        change = lay_over(name, version, options)
        if not has_modules(change):
            raise CanaryError("It has no modules.")
        with versions_made_equal(change) as option:
            cells = run_cells(notebooks, [change], ("--exitfirst", option))
        reasons = [f"{cell.notebook}, {cell.cell}: {cell.kind}" for cell in cells]
    except CanaryError as error:
        reasons = [str(error)]
    compared = ", ".join(path.name[:2] for path in notebooks)
    answer = f"does not hold in {compared}: {reasons[0]}" if reasons else f"holds in {compared}"
    print(f"  {name} {version} {answer}", flush=True)
    return not reasons


def run(wanted: Sequence[str]) -> int:
    """Print for each direct dependency, or those named, the oldest release that holds."""
    pins = pinned_versions()
    if strangers := sorted(set(wanted) - set(pins)):
        raise CanaryError(f"{strangers[0]}: no direct dependency; pass one of {', '.join(pins)}.")
    names, options, left_out = choose_packages(wanted)
    for line in left_out:
        print(line)
    for name in names:
        notebooks, versions = notebooks_that_use(name), earlier_releases(name)
        # One notebook finds most releases that do not hold, and takes seconds.
        for some in filter(None, (notebooks[:1], notebooks[1:])):
            versions = those_that_hold(versions, partial(outputs_hold, name, options, some))
        print(f"{name}: the outputs hold down to {versions[-1] if versions else pins[name]}")
    return 0
