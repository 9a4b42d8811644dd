"""Derive the lock files and environment.yml from pyproject.toml: `python -m course lock`.

uv resolves once for every system and every Python that pyproject.toml allows, and pip reads what it
writes. Only maintainers need uv, which is in an environment of its own.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from course.environment.install import ENVIRONMENTS, LOCKS, PROJECT, requirements

HEADER = (
    "# Derived from pyproject.toml by 'python -m course lock'; change that file, not this one.\n"
)
# The extras that are installed into one environment are locked together.
EXTRAS = {
    "course": ("dev", "bench", "site", "browser", "rise"),
    "demo": ("dev", "demo"),
    "grade": ("dev", "grade"),
    "mirror": ("mirror",),
    "lock": ("lock",),
}


def environment_text(project: Path = PROJECT) -> str:
    """Return the conda environment with the Python and the pins of pyproject.toml."""
    table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [f"name: {table['name']}", "channels:", "  - conda-forge", "dependencies:"]
    lines += [f"  - python{table['requires-python']}", "  - pip", "  - pip:"]
    pins = table["dependencies"] + table["optional-dependencies"]["dev"]
    lines += [f"      - {requirement}" for requirement in pins]
    return HEADER + "\n".join(lines) + "\n"


def compile_lock(name: str, folder: Path = LOCKS) -> None:
    """Write the lock of an environment; versions that it already has stay if they can.

    Raises:
        SystemExit: if the pins cannot be resolved.
    """
    path, course = folder / f"{name}.txt", folder / "course.txt"
    if not path.exists() and course.exists():
        # Packages that two environments share get the same version if they can.
        path.write_bytes(course.read_bytes())
    extras = EXTRAS[name]
    wanted = requirements(*extras)
    if ENVIRONMENTS[name].has_course:
        wanted += requirements()
    oldest = re.search(r">=(3\.\d+)", (PROJECT / "pyproject.toml").read_text("utf-8"))[1]
    command = [sys.executable, "-m", "uv", "pip", "compile", "--universal", "--quiet"]
    command += ["--no-header", "--no-annotate", "--python-version", oldest]
    command += ["--output-file", str(path), "-"]
    process = subprocess.run(command, cwd=PROJECT, input="\n".join(wanted), text=True)
    if process.returncode:
        raise SystemExit(f"The pins for {name} cannot be resolved: uv says why above.")
    path.write_text(HEADER + path.read_text(encoding="utf-8"), encoding="utf-8")


def main(arguments: Sequence[str] = ()) -> int:
    """Write every lock and environment.yml."""
    LOCKS.mkdir(exist_ok=True)
    for name in EXTRAS:
        compile_lock(name)
        print(f"written: locks/{name}.txt", flush=True)
    (PROJECT / "environment.yml").write_text(environment_text(), encoding="utf-8")
    print("written: environment.yml")
    return 0
