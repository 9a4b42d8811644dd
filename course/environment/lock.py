"""Derive environment.yml and constraints.txt from pyproject.toml: see `make lock`."""

import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HEADER = "# Derived from pyproject.toml by `make lock`; change that file, not this one.\n"


def pinned_requirements(project: Path = PROJECT) -> list[str]:
    """The direct dependencies as pyproject.toml pins them, development tools last."""
    table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table["dependencies"] + table["optional-dependencies"]["dev"]


def extra_requirements(extra: str, project: Path = PROJECT) -> list[str]:
    """What pyproject.toml pins for one of its extras, such as `mirror`."""
    table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table["optional-dependencies"][extra]


def environment_text(project: Path = PROJECT) -> str:
    """The conda environment that has pyproject.toml's Python and pins."""
    table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python = table["requires-python"].removeprefix("==").removesuffix(".*")
    lines = [f"name: {table['name']}", "channels:", "  - conda-forge", "dependencies:"]
    lines += [f"  - python={python}", "  - pip", "  - make", "  - pip:"]
    lines += [f"      - {requirement}" for requirement in pinned_requirements(project)]
    return HEADER + "\n".join(lines) + "\n"


def constraints_text() -> str:
    """Every package of the running environment with its version, this project left out."""
    command = [sys.executable, "-m", "pip", "freeze", "--exclude-editable"]
    frozen = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # A local build tag, as in torch 2.13.0+cpu, would shut out the other builds of the release.
    return HEADER + "\n".join(line.split("+")[0] for line in frozen.splitlines()) + "\n"


def main() -> None:
    """Write both files."""
    (PROJECT / "environment.yml").write_text(environment_text(), encoding="utf-8")
    (PROJECT / "constraints.txt").write_text(constraints_text(), encoding="utf-8")
    print("wrote environment.yml and constraints.txt")


if __name__ == "__main__":
    main()
