"""Derive the lock files and environment.yml from pyproject.toml: `python -m course lock`.

uv resolves once for every system and every Python that pyproject.toml allows, and pip reads what it
writes. Only maintainers need uv, which is in an environment of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence

from course.environment.install import (
    ENVIRONMENTS,
    LOCKS,
    PROJECT,
    TORCH_CPU_INDEX,
    requirements,
    supported_versions,
)

HEADER = (
    "# Derived from pyproject.toml by 'python -m course lock'; change that file, not this one.\n"
)
# The extras that are installed into one environment are locked together.
EXTRAS = {
    "course": ("dev", "bench", "site", "browser", "rise", "mutants"),
    "demo": ("dev", "demo"),
    "grade": ("dev", "grade"),
    "mirror": ("mirror",),
    "lock": ("lock",),
}

# What uv calls the systems that the course runs on.
SYSTEMS = {
    "Linux x86-64": "x86_64-manylinux_2_28",
    "Linux aarch64": "aarch64-manylinux_2_28",
    "macOS arm64": "aarch64-apple-darwin",
    "Windows x86-64": "x86_64-pc-windows-msvc",
}
# A package of cosmic-ray, in pure Python, that is given out as source only.
SOURCE_ONLY = "yattag"


def environment_text() -> str:
    """Return the conda environment: the Python of pyproject.toml, and what pip installs."""
    table = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [f"name: {table['name']}", "channels:", "  - conda-forge", "dependencies:"]
    lines += [f"  - python{table['requires-python']}", "  - pip", "  - pip:"]
    # Binder has no GPU, and for conda this is a way among others.
    pip_lines = [f"--extra-index-url {TORCH_CPU_INDEX}", "--constraint locks/course.txt"]
    pip_lines.append("--editable .[dev]")
    lines += [f"      - {line}" for line in pip_lines]
    return HEADER + "\n".join(lines) + "\n"


def wanted_packages(name: str) -> list[str]:
    """Return the pins that are installed into an environment."""
    return requirements(*EXTRAS[name]) + requirements() * ENVIRONMENTS[name].has_course


def uv_compile(wanted: Sequence[str], *options: str) -> subprocess.CompletedProcess[str]:
    """Let uv resolve packages from what the index says of them, and print their versions."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--no-header", "--no-annotate"]
    return subprocess.run(
        [*command, *options, "-"],
        cwd=PROJECT,
        # onnxruntime has wheels from macOS 14 on.
        env=os.environ | {"UV_PYTHON_DOWNLOADS": "never", "MACOSX_DEPLOYMENT_TARGET": "14.0"},
        input="\n".join(wanted),
        capture_output=True,
        text=True,
    )


def compile_lock(name: str) -> None:
    """Write the lock of an environment; versions that it already has stay if they can.

    Raises:
        SystemExit: if the pins cannot be resolved.
    """
    path, course = LOCKS / f"{name}.txt", LOCKS / "course.txt"
    if not path.exists() and course.exists():
        # Packages that two environments share get the same version if they can.
        path.write_bytes(course.read_bytes())
    oldest = ".".join(map(str, supported_versions()[-1]))
    options = ("--universal", "--python-version", oldest, "--output-file", str(path))
    process = uv_compile(wanted_packages(name), *options)
    if process.returncode:
        raise SystemExit(f"The pins for {name} cannot be resolved: {process.stderr}")
    path.write_text(HEADER + path.read_text(encoding="utf-8"), encoding="utf-8")


def resolve(name: str, system: str, python: str) -> str | None:
    """Resolve a lock for one system and one Python, from wheels but for one; install nothing.

    Returns:
        None if it resolves, to versions of the lock only; else why not.
    """
    constraint = ("--constraint", str(LOCKS / f"{name}.txt"))
    platform = ("--python-platform", SYSTEMS[system], "--python-version", python)
    wheels = ("--only-binary", ":all:", "--no-binary", SOURCE_ONLY)
    process = uv_compile(wanted_packages(name), *constraint, *platform, *wheels)
    if process.returncode:
        return process.stderr.partition("error: ")[2].strip()
    locked = (LOCKS / f"{name}.txt").read_text(encoding="utf-8")
    found = {line.split(" ;")[0] for line in process.stdout.splitlines() if "==" in line}
    strangers = found - {line.split(" ;")[0] for line in locked.splitlines()}
    return f"not in the lock: {', '.join(sorted(strangers))}" if strangers else None


def check(name: str) -> int:
    """Resolve a lock for every system and Python of the course; print the table."""
    if "Failed to fetch" in (uv_compile(["pip"]).stderr):
        print("No index of packages answers, so the locks were not resolved.")
        return 0
    versions = [".".join(map(str, version)) for version in reversed(supported_versions())]
    # The first release of the oldest Python is what some systems have.
    versions.insert(0, f"{versions[0]}.0")
    print(f"{name:16}" + "".join(f"{version:>8}" for version in versions))
    reasons = []
    for system in SYSTEMS:
        row = []
        for version in versions:
            reason = resolve(name, system, version)
            row.append("no" if reason else "yes")
            reasons += [f"{system}, Python {version}: {reason}"] if reason else []
        print(f"{system:16}" + "".join(f"{cell:>8}" for cell in row))
    print("\n".join(reasons), end="\n" if reasons else "")
    return int(bool(reasons))


def main(arguments: Sequence[str] = ()) -> int:
    """Write every lock and environment.yml, or with `--check` resolve the locks everywhere."""
    if "--check" in arguments:
        return max(check(name) for name in ("course", "demo", "grade"))
    LOCKS.mkdir(exist_ok=True)
    for name in EXTRAS:
        compile_lock(name)
        print(f"written: locks/{name}.txt")
    (PROJECT / "environment.yml").write_text(environment_text(), encoding="utf-8")
    print("written: environment.yml")
    return 0
