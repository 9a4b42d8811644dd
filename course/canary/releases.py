"""Find newer releases of what pyproject.toml pins, and lay them over the pinned packages.

Each release gets a folder of its own under build/canary, with what it needs that the pinned
environment lacks. A folder on PYTHONPATH comes before the environment, so any choice of releases
can be tried without installing anything again.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course.environment import install
from helpers.environment import PROJECT
from helpers.files import replaced_folder

FOLDER = PROJECT / "build" / "canary"
# Any build of torch but that of its CPU index brings gigabytes of CUDA.
HEAVY = "torch"


class CanaryError(Exception):
    """The canary itself cannot do its work; the message says why."""


@dataclass(frozen=True)
class Change:
    """A release that is laid over the pinned packages.

    Attributes:
        name: the package.
        old: the pinned version.
        new: the version of the release.
        folder: where the release is.
        needs: what else is in that folder, such as `tokenizers 0.23.1`.
    """

    name: str
    old: str
    new: str
    folder: Path
    needs: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the change as one reads it: `transformers 5.23.0 → 5.24.0`."""
        return f"{self.name} {self.old} → {self.new}"


def pinned_versions() -> dict[str, str]:
    """Return the version of each direct dependency in pyproject.toml."""
    return dict(pin.split("==") for pin in install.requirements())


def pip(*arguments: str) -> None:
    """Run pip in this environment.

    Raises:
        CanaryError: if it fails; the message ends with what it printed last.
    """
    command = [sys.executable, "-m", "pip", *arguments, "--disable-pip-version-check", "--quiet"]
    # The kernels' guard against the network is not meant for pip.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(command, capture_output=True, text=True, env=variables)
    if result.returncode:
        # "×" begins what a build of the package failed at.
        lines = result.stderr.splitlines()
        errors = [line.removeprefix("× ") for line in lines if line.startswith(("ERROR", "× "))]
        last = (errors or result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CanaryError(f"pip could not get {arguments[-1]}: {last}")


def plan(wanted: Sequence[str], options: Sequence[str] = ()) -> dict[str, str]:
    """Return what pip would install over the environment, name by version; nothing is installed.

    Args:
        wanted: requirements, such as `transformers` or `datasets==5.3`.
        options: more options of pip.
    """
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.json")
        newest = ("--upgrade", "--upgrade-strategy=only-if-needed")
        pip("install", "--dry-run", f"--report={report}", *newest, *options, *wanted)
        items = json.loads(report.read_text(encoding="utf-8"))["install"]
    found = (item["metadata"] for item in items)
    return {canonical(each["name"]): each["version"] for each in found}


def canonical(name: str) -> str:
    """Return a package's name as pyproject.toml writes it, by the rule of PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lay_over(name: str, version: str, options: Sequence[str] = ()) -> Change:
    """Get a release, with what it needs beyond the environment, into a folder of its own."""
    old = pinned_versions()[name]
    packages = plan([f"{name}=={version}"], options) | {name: version}
    folder = FOLDER / f"{name}-{version}"
    if not folder.is_dir():
        pins = [f"{package}=={number}" for package, number in packages.items()]
        with replaced_folder(folder) as draft:
            pip("install", "--no-deps", f"--target={draft}", *options, *pins)
    needs = [f"{package} {number}" for package, number in packages.items() if package != name]
    return Change(name, old, version, folder, tuple(sorted(needs)))


def choose_packages(wanted: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Return what is tried, pip's options for it, and sentences about what is left out.

    Args:
        wanted: what is asked for; empty means each direct dependency.
    """
    index = install.torch_index()
    options = [f"--extra-index-url={index}"] if index else []
    if wanted or index or sys.platform != "linux":
        return list(wanted) or sorted(pinned_versions()), options, []
    left_out = [f"{HEAVY}: only a build with CUDA can be had here; name it to try it."]
    return sorted(set(pinned_versions()) - {HEAVY}), options, left_out


def find_changes(wanted: Sequence[str]) -> tuple[list[Change], list[str]]:
    """Lay over the newest release of each direct dependency, or those that are asked for.

    Args:
        wanted: requirements such as `transformers` or `datasets==5.3`; empty means all.

    Returns:
        The changes, and sentences about what was left out.

    Raises:
        CanaryError: if a name is no direct dependency, or pip fails.
    """
    pins = pinned_versions()
    strangers = sorted({canonical(re.split("[=<>~!]", name)[0]) for name in wanted} - set(pins))
    if strangers:
        raise CanaryError(
            f"{', '.join(strangers)}: no direct dependency of the course; pass one of "
            f"{', '.join(sorted(pins))}."
        )
    wanted, options, left_out = choose_packages(wanted)
    found = plan(wanted, options)
    moved = {name: found[name] for name in sorted(set(found) & set(pins))}
    return [lay_over(name, version, options) for name, version in moved.items()], left_out


def environment_with(changes: Sequence[Change]) -> dict[str, str]:
    """Return the variables of a process that sees the changes before the pinned packages."""
    paths = [str(change.folder) for change in changes] + [str(PROJECT)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
