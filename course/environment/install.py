"""Make the environments that the commands run in: standard library only, on every system.

`.venv` holds what the notebooks need. Packages that conflict with it are in environments of their
own under build/, which may see the packages of `.venv` too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from helpers.environment import PROJECT

LOCKS = PROJECT / "locks"
# If the course's conda environment is active, it is used in place of `.venv`.
CONDA = "fine-tuning-notebooks"
RECORD = "course-installed.json"
# PyTorch's own index of builds without CUDA, which are a fifth as large.
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
TORCH_INDEX_VARIABLE = "COURSE_TORCH_INDEX"
ANSWER_SECONDS = 3.0


class InstallError(Exception):
    """An environment cannot be made; the message says what to do."""


@dataclass(frozen=True)
class Environment:
    """Packages that a command needs.

    Attributes:
        note: what is printed before they are installed.
        extras: the extras of pyproject.toml that they are.
        folder: where they are installed, in the project.
        lock: the file in locks/ that constrains their versions.
        has_course: whether the course's own packages are installed with them.
        sees_course: whether a folder other than `.venv` sees the packages of `.venv` too.
        extension: an extra that JupyterLab finds in a folder of its own under build/.
    """

    note: str
    extras: tuple[str, ...]
    folder: str = ".venv"
    lock: str = "course"
    has_course: bool = True
    sees_course: bool = False
    extension: str | None = None


ENVIRONMENTS = {
    "course": Environment("the pinned packages and the weights (minutes, once)", ("dev",)),
    "bench": Environment("the alternatives to compare with (a minute, once)", ("dev", "bench")),
    "mutants": Environment("cosmic-ray (seconds, once)", ("dev", "mutants")),
    "publish": Environment("Sphinx, reveal.js and npm (a minute, once)", ("dev", "site")),
    "browser": Environment(
        "playwright (a minute, once)", ("dev", "site", "browser"), extension="rise"
    ),
    "rise": Environment("jupyterlab-rise (seconds, once)", ("dev",), extension="rise"),
    # Gradio requires an older Pillow than the course pins.
    "demo": Environment(
        "Gradio (half a minute, once)", ("demo",), "build/demo", "demo", sees_course=True
    ),
    # nbgrader adds itself to the JupyterLab of its environment.
    "grade": Environment(
        "nbgrader (half a minute, once)", ("grade",), "build/nbgrader", "grade", sees_course=True
    ),
    # olah conflicts with the course's packages.
    "mirror": Environment(
        "olah (half a minute, once)", ("mirror",), "build/mirror", "mirror", has_course=False
    ),
    "lock": Environment("uv (seconds, once)", ("lock",), "build/lock", "lock", has_course=False),
}


def supported_versions() -> list[tuple[int, int]]:
    """Return the versions of Python that pyproject.toml allows, the newest first."""
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    oldest, end = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', text).groups()
    return [(3, minor) for minor in reversed(range(int(oldest), int(end)))]


def find_python() -> str:
    """Return the running Python if the course supports it, else the newest supported one.

    Raises:
        InstallError: if there is none.
    """
    versions = supported_versions()
    if sys.version_info[:2] in versions:
        return sys.executable
    for version in versions:
        if path := find_version(version):
            return path
    newest, oldest = (".".join(map(str, version)) for version in (versions[0], versions[-1]))
    here = ".".join(map(str, sys.version_info[:2]))
    raise InstallError(
        f"The course needs Python {oldest} to {newest}, and this is Python {here}: install one "
        "(from python.org; 'brew install python' on a Mac; 'sudo apt-get install python3-venv' on "
        "Debian and Ubuntu), then run the command again with it."
    )


def find_version(version: tuple[int, int]) -> str | None:
    """Return the path of a Python of a version, or None if there is none."""
    number = ".".join(map(str, version))
    for command in ([f"python{number}"], ["py", f"-{number}"]):
        if program := shutil.which(command[0]):
            # A name on the path is not enough: pyenv has names that start nothing.
            asked = [program, *command[1:], "-c", "import sys; print(sys.executable)"]
            answer = subprocess.run(asked, capture_output=True, text=True)
            if answer.returncode == 0:
                return answer.stdout.strip()
    return None


def python_of(folder: Path) -> Path:
    """Return the path of an environment's Python."""
    if os.name == "nt":
        inside = folder / "Scripts" / "python.exe"
        # In an environment of conda it is in the folder itself.
        return folder / "python.exe" if is_conda(folder) else inside
    return folder / "bin" / "python"


def is_conda(folder: Path) -> bool:
    """Say whether conda made the environment in a folder."""
    return (folder / "conda-meta").is_dir()


def folder_of(environment: Environment) -> Path:
    """Return the folder of an environment: conda's, if that of the course is active."""
    if environment.folder == ".venv" and os.environ.get("CONDA_DEFAULT_ENV") == CONDA:
        return Path(os.environ["CONDA_PREFIX"])
    return PROJECT / environment.folder


def is_running(name: str) -> bool:
    """Say whether this very process runs in an environment."""
    # Not by its Python's path: in a virtual environment that is a link to the Python that made it.
    return Path(sys.prefix).resolve() == folder_of(ENVIRONMENTS[name]).resolve()


def existing_python(name: str) -> str | None:
    """Return the Python of an environment that has been made, up to date or not."""
    python = python_of(folder_of(ENVIRONMENTS[name]))
    return str(python) if python.exists() else None


def prepare(name: str) -> str:
    """Make an environment, or bring it up to date; return its Python.

    Raises:
        InstallError: if that cannot be done.
    """
    return prepare_environment(ENVIRONMENTS[name])


def prepare_environment(environment: Environment, base: str | None = None) -> str:
    """Make an environment, or bring it up to date; return its Python.

    Args:
        environment: what to install, and where.
        base: the Python that makes it; None is the one that `find_python` finds.

    Raises:
        InstallError: if that cannot be done.
    """
    if environment.sees_course:
        prepare("course")
    folder = folder_of(environment)
    python = python_of(folder)
    record = read_record(folder)
    digest = digest_of(environment)
    extras = set(environment.extras)
    if not python.exists() or record.get("digest") != digest or not extras <= set(record["extras"]):
        extras |= set(record.get("extras", []))
        with only_set_up():
            print(f"Installing into {environment.folder}: {environment.note}")
            make(environment, folder, sorted(extras), base)
            text = json.dumps({"digest": digest, "extras": sorted(extras)})
            (folder / RECORD).write_text(text, encoding="utf-8")
    if environment.extension:
        install_extension(environment.extension, str(python))
    return str(python)


@contextlib.contextmanager
def only_set_up() -> Iterator[None]:
    """Lock a file while packages are installed: two set-ups at once would spoil an environment.

    The system unlocks it when the process ends, however it ends.

    Raises:
        InstallError: if another set-up has locked it, or it cannot be written.
    """
    path = PROJECT / "build" / "setup.lock"
    try:
        path.parent.mkdir(exist_ok=True)
        file = path.open("w", encoding="ascii")
    except OSError as error:
        raise InstallError(
            f"{path} cannot be written ({error.strerror}): work in a copy of the course of yours."
        ) from error
    with file:
        try:
            lock(file)
        except OSError:
            raise InstallError(
                "Another set-up is running: run the command again when it has ended."
            ) from None
        yield


def lock(file: TextIO) -> None:
    """Lock an open file.

    Raises:
        OSError: if another process, or this one, has locked it.
    """
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def make(environment: Environment, folder: Path, extras: list[str], base: str | None) -> None:
    """Make an environment if there is none, and install into it.

    Args:
        environment: what to install.
        folder: where.
        extras: the extras of pyproject.toml to install.
        base: the Python that makes it; None is the one that `find_python` finds.

    Raises:
        InstallError: if a step fails.
    """
    python = str(python_of(folder))
    if not has_pip(python):
        run([base or find_python(), "-m", "venv", str(folder)], "make a virtual environment")
    if environment.sees_course:
        course = purelib(str(python_of(folder_of(ENVIRONMENTS["course"]))))
        Path(purelib(python), "course.pth").write_text(course + "\n", encoding="utf-8")
    if environment.has_course:
        wanted = ["--editable", f".[{','.join(extras)}]"]
    else:
        wanted = requirements(*extras)
    if environment.has_course and not environment.sees_course:
        install_torch(python)
    constraint = ["--constraint", str(LOCKS / f"{environment.lock}.txt")]
    pip_install(python, [*constraint, *wanted])


def has_pip(python: str) -> bool:
    """Say whether there is a Python that can install packages.

    If making an environment was stopped, or Debian's python3-venv is missing, it has no pip.
    """
    if not os.path.exists(python):
        return False
    return not subprocess.call([python, "-c", "import pip"], stderr=subprocess.DEVNULL)


def torch_index() -> str | None:
    """Return the index to take torch from; None is the one that pip uses for everything.

    On Linux, the torch of the public index brings 2.5 GB of CUDA with it. Without an NVIDIA driver,
    PyTorch's index of smaller builds is used, if it answers.
    """
    if chosen := os.environ.get(TORCH_INDEX_VARIABLE):
        return chosen
    if sys.platform != "linux" or shutil.which("nvidia-smi"):
        return None
    if answers(f"{TORCH_CPU_INDEX}/torch/"):
        return TORCH_CPU_INDEX
    print(
        f"No NVIDIA driver is here, and PyTorch's index for CPUs does not answer "
        f"({TORCH_CPU_INDEX}): torch comes from pip's own index, perhaps with 2.5 GB of CUDA; "
        f"{TORCH_INDEX_VARIABLE} names another index.",
    )
    return None


def answers(address: str) -> bool:
    """Say whether something is found at an address within ANSWER_SECONDS."""
    found: list[bool] = []

    def ask() -> None:
        with contextlib.suppress(OSError, ValueError):
            urllib.request.urlopen(address, timeout=ANSWER_SECONDS).close()
            found.append(True)

    # In a thread, because the timeout does not cover looking up the host name.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(ANSWER_SECONDS)
    return bool(found)


def install_torch(python: str) -> None:
    """Install torch from an index of its own, if there is one for this machine.

    Raises:
        InstallError: if the index that the user named does not have it.
    """
    (pin,) = (pin for pin in requirements() if pin.startswith("torch=="))
    version = pin.removeprefix("torch==")
    if any(Path(purelib(python)).glob(f"torch-{version}*.dist-info")):
        return
    index = torch_index()
    if index is None:
        return
    print(f"torch comes from {index}")
    # Its dependencies come with everything else, from the index that pip uses.
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps"]
    if subprocess.call([*command, "--index-url", index, pin], cwd=PROJECT) == 0:
        return
    if TORCH_INDEX_VARIABLE in os.environ:
        raise InstallError(
            f"{TORCH_INDEX_VARIABLE}={index} has no {pin} for this Python: pip says more above; "
            "unset it, or name another index."
        )
    print("torch comes from the index that pip uses.")


def install_extension(extra: str, python: str) -> None:
    """Install an extra, without its dependencies, into a folder of its own under build/.

    Raises:
        InstallError: if that cannot be done.
    """
    folder = PROJECT / "build" / extra
    wanted = requirements(extra)
    if read_record(folder).get("wanted") != wanted:
        with only_set_up():
            pip_install(python, ["--no-deps", "--upgrade", "--target", str(folder), *wanted])
            (folder / RECORD).write_text(json.dumps({"wanted": wanted}), encoding="utf-8")


def pip_install(python: str, arguments: list[str]) -> None:
    """Let pip install something, and show its progress.

    Raises:
        InstallError: if it fails.
    """
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    run(
        command,
        "install the packages: pip says why above; run the command again, downloads are kept",
    )


def run(command: list[str], purpose: str) -> None:
    """Run a step of the set-up in the project's folder.

    Raises:
        InstallError: if it fails.
    """
    if subprocess.call(command, cwd=PROJECT):
        raise InstallError(f"Could not {purpose}.")


def purelib(python: str) -> str:
    """Return the folder in which a Python keeps its packages."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()


def requirements(*extras: str) -> list[str]:
    """Return the pins of extras in pyproject.toml; without extras, those of the course itself."""
    # Not at the top: a Python too old to have it also reads this file, to find a newer one.
    import tomllib

    table = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if not extras:
        return table["dependencies"]
    return [pin for extra in extras for pin in table["optional-dependencies"][extra]]


def digest_of(environment: Environment) -> str:
    """Return a digest of the files that decide the packages of an environment."""
    paths = (PROJECT / "pyproject.toml", LOCKS / f"{environment.lock}.txt")
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def read_record(folder: Path) -> dict:
    """Return the record of what was installed into a folder; an empty one if there is none."""
    try:
        return json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"extras": []}
