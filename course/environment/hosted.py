"""Install what the notebooks need into the running Python, as on Colab or Kaggle.

A hosted notebook has no `.venv`: its kernel is there before the course is. So this runs in the
kernel itself, with `%run`, and leaves alone what the kernel has and is good enough. The first cell
is in docs/hosted.md.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

# `%run` puts this file's own folder on the path, not the project's.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from course.environment.install import LOCKS, requirements

# Large, or made for the machine, and loaded before the first cell: kept if the major version is
# that of the course.
KEPT = {"ipython", "matplotlib", "numpy", "pandas", "psutil", "scikit-learn", "scipy", "torch"}


def installed_versions() -> dict[str, str]:
    """Return the version of every package that is installed."""
    found = importlib.metadata.distributions()
    return {dist.name.lower().replace("_", "-"): dist.version for dist in found if dist.name}


def constraints(installed: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return what pip is held to, and what of the installed packages is kept.

    Args:
        installed: the version of each installed package.

    Returns:
        The lines of a constraint file, and the names of the kept packages.
    """
    lines, kept = [], []
    for line in (LOCKS / "course.txt").read_text(encoding="utf-8").splitlines()[1:]:
        name, _, rest = line.partition("==")
        version = rest.split(" ")[0]
        here = installed.get(name, "")
        if name in KEPT and here.split(".")[0] == version.split(".")[0]:
            lines.append(f"{name}=={here}")
            kept.append(name)
        elif not here:
            # What is here already is replaced only where a package of the course needs that.
            lines.append(line)
    return lines, kept


def loaded_packages() -> set[str]:
    """Return the packages that this process has imported from."""
    owners = importlib.metadata.packages_distributions()
    # Names with an underscore are those of hooks, not of what a notebook uses.
    modules = {name.partition(".")[0] for name in sys.modules if name[0] != "_"}
    return {owner.lower().replace("_", "-") for name in modules for owner in owners.get(name, [])}


def main() -> None:
    """Install what is missing; say what was kept, and whether the kernel must be restarted."""
    before = installed_versions()
    lines, kept = constraints(before)
    wanted = [pin for pin in requirements() if pin.split("==")[0] not in kept]
    print(f"Installing what is missing; kept: {', '.join(kept) or 'nothing'}.")
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder, "constraints.txt")
        held.write_text("\n".join(lines), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", str(held)]
        if subprocess.call([*command, *wanted]):
            print("pip could not install it and says why above: start a new runtime, try again.")
            return
    after = installed_versions()
    replaced = {name for name, version in before.items() if after.get(name, version) != version}
    if stale := sorted(replaced & loaded_packages()):
        print(f"Restart the kernel, then run this cell again: {', '.join(stale)} was in use.")
    else:
        print("Ready.")


if __name__ == "__main__":
    main()
