"""Bad arguments, kills, full disks and two of each at once: one sentence, and nothing is lost."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from support.commands import command_here
from support.hub_fixtures import fill_hub, know_scripts

from course.commands import COMMANDS
from course.environment import install
from helpers.environment import PROJECT
from helpers.local_hub import LocalHub

KILLS = 10
# No command here takes as long, on a machine that does something else too.
SECONDS = 1200
# Of all assignments, the one that imports least.
HANDED_IN = "09_speed_up"
# Commands that work for some seconds, and what they work on. The training program is killed in
# tests/processes, where its stops are compared to the last digit.
LONG = {
    "run": ["02"],
    "update": ["02"],
    "slides": [],
    "sync": [],
    "translated": ["02"],
    "fetch": [],
    "assignments": [],
    "grade": ["submissions"],
    "site": [],
}
# Where each writes.
FOLDERS = dict.fromkeys(LONG, "build") | dict.fromkeys(
    ("update", "sync", "translated"), "notebooks"
)
FOLDERS["fetch"] = "data/hf"
JUNK = [
    "",
    " ",
    "-",
    "--",
    "---x",
    "--no-such-option",
    "99",
    "x" * 5000,
    "../../etc",
    "日志",
    "a\nb",
]
JUNK += ["=1+1", "$(true)", "*", "-1", "1e9", "nan", "%s", "\U0001f600", "NB=02", "07.ipynb", "/"]
# What is no UTF-8 on the command line, and a file where a folder is meant.
JUNK += ["\udcff", "README.md"]
# They take an argument, and start nothing that stays.
TAKING = ["run", "update", "sync", "translated", "grade", "demo", "site"]


# The learner's and the instructor's own, which no command may change.
MINE = (
    "build/run/notes.txt",
    "build/assignments/03_preprocess.ipynb",
    "submissions/notes.txt",
)
# Of an earlier `grade`: a later one may rename it.
EARLIER = ("build/grades.csv", "build/grade/ana/notes.txt")


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        fill_hub(hub)
        yield hub


@pytest.fixture
def project(tmp_path, monkeypatch, hub) -> Path:
    """A copy of the course, with files of the learner's own, an earlier site, and a Hub."""
    folder = tmp_path / "course"
    left_out = shutil.ignore_patterns("build", "models", "hf", "mirror", "__pycache__", ".*")
    shutil.copytree(PROJECT, folder, ignore=left_out)
    know_scripts(folder)
    for name in (*MINE, *EARLIER, "build/site/index.html"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine</html>")
    (folder / "build" / "slides").mkdir()
    handed_in = folder / "submissions" / "ana" / f"{HANDED_IN}.ipynb"
    handed_in.parent.mkdir()
    shutil.copyfile(PROJECT / "exercises" / "source" / HANDED_IN / handed_in.name, handed_in)
    (folder / "data" / "hf").mkdir()
    for variable, value in hub.client_environment.items():
        monkeypatch.setenv(variable, value)
    return folder


def start(project: Path, name: str, *arguments: str, code: str = "") -> subprocess.Popen:
    """Start a command of the copy, past the set-up, in a process group of its own.

    Args:
        project: the copy.
        name: the command.
        arguments: its own.
        code: what to run in place of the command; it gets the name first.
    """
    environment = COMMANDS[name].environment
    python = install.existing_python("grade") if environment == "grade" else sys.executable
    path = os.pathsep.join([str(project), os.environ.get("PYTHONPATH", "")])
    own = {"HF_HOME": str(project / "data" / "hf")} if name == "fetch" else {}
    command = [python, "-c", code, name] if code else [python, *command_here(name)[1:]]
    return subprocess.Popen(
        [*command, *arguments],
        cwd=project,
        env=os.environ | {"PYTHONPATH": path} | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def kill(process: subprocess.Popen) -> None:
    """Kill a command and what it has started, as the end of the machine does."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def finish(process: subprocess.Popen) -> tuple[int, str, str]:
    """Wait for a command; return its code and what it printed."""
    output, errors = process.communicate(timeout=SECONDS)
    return process.returncode, output, errors


def prose_and_code(project: Path) -> str:
    """A digest of every source in every notebook; a notebook that is cut off raises an error."""
    parts = []
    for path in sorted((project / "notebooks").rglob("*.ipynb")):
        parts += [cell.source for cell in nbformat.read(path, as_version=4).cells]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def assert_whole(project: Path, before: str) -> None:
    """Nobody's work is lost, and nothing that is there is cut off."""
    build = project / "build"
    assert prose_and_code(project) == before
    for name in MINE:
        assert (project / name).read_text() == "mine</html>"
    for pattern in ("grades*.csv", "grade*/ana/notes.txt"):
        assert "mine</html>" in [path.read_text() for path in build.glob(pattern)]
    assert (build / "site" / "index.html").is_file()
    for page in build.rglob("*.html"):
        # Neither a draft nor what Sphinx reads.
        if not page.relative_to(build).parts[0].startswith((".", "site-source")):
            assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")
    for path in build.rglob("*.ipynb"):
        if path.relative_to(project).as_posix() not in MINE:
            nbformat.read(path, as_version=4)


def can_be_used_offline(project: Path) -> bool:
    """Say whether the cache of the copy has all that the hub source needs, digests right."""
    code = "from helpers.sources import get_source; print(get_source('hub').metric('mae'))"
    variables = {"HF_HOME": str(project / "data" / "hf"), "HF_HUB_OFFLINE": "1"}
    environment = os.environ | variables | {"PYTHONPATH": str(project)}
    return not subprocess.call([sys.executable, "-c", code], cwd=project, env=environment)


# As the command is started, but its libraries are loaded once for all arguments.
EACH = """
import importlib, os, sys
from course import __main__ as door
command = door.COMMANDS[sys.argv[1]]
importlib.import_module(command.module)
for argument in sys.argv[2:]:
    if os.fork() == 0:
        sys.exit(door.run_here(command, [argument]))
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""


@pytest.mark.parametrize("name", TAKING)
def test_a_bad_argument_is_said_without_a_traceback(project, name, record_property):
    before = prose_and_code(project)
    # For some commands an empty one is as good as none: all notebooks.
    needs_one = name in ("translated", "grade")
    junk = [argument for argument in JUNK if needs_one or argument.strip(" -")]
    record_property("attempts", len(junk))
    code, output, errors = finish(start(project, name, *junk, code=EACH))
    codes = dict(zip(junk, map(int, output.split()[-len(junk) :]), strict=True))
    assert code == 0
    assert [argument for argument in junk if codes[argument] not in (1, 2)] == [], errors
    assert "Traceback" not in errors
    assert_whole(project, before)


@pytest.mark.parametrize("name", LONG)
def test_a_kill_at_any_moment_loses_nothing(project, name, record_property):
    record_property("attempts", KILLS)
    began = time.monotonic()
    assert finish(start(project, name, *LONG[name]))[0] == 0
    whole = time.monotonic() - began
    before = prose_and_code(project)
    if name == "fetch":
        # It resumes, and would have nothing left to do.
        shutil.rmtree(project / "data" / "hf")
    moments = random.Random(17)
    for _ in range(KILLS):
        process = start(project, name, *LONG[name])
        with suppress(subprocess.TimeoutExpired):
            process.wait(moments.uniform(0, whole))
        kill(process)
        finish(process)
        assert_whole(project, before)
    code, _, errors = finish(start(project, name, *LONG[name]))
    assert code == 0, errors
    assert_whole(project, before)
    if name == "fetch":
        assert can_be_used_offline(project)


@pytest.mark.parametrize("name", LONG)
def test_two_at_once_lose_nothing(project, name, record_property):
    record_property("attempts", 2)
    before = prose_and_code(project)
    ends = [finish(process) for process in [start(project, name, *LONG[name]) for _ in range(2)]]
    assert all("Traceback" not in errors for _, _, errors in ends)
    assert 0 in {code for code, _, _ in ends}
    assert_whole(project, before)
    if name == "fetch":
        assert can_be_used_offline(project)


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root of Linux can mount a small disk"
)
# Full from the start, or on the way.
@pytest.mark.parametrize("room", [0, 1_000_000])
@pytest.mark.parametrize("name", LONG)
def test_a_full_disk_is_one_sentence_and_loses_nothing(project, name, room, record_property):
    record_property("attempts", 1)
    before = prose_and_code(project)
    folder = project / FOLDERS[name]
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    size = sum(path.stat().st_size for path in folder.rglob("*")) + 300_000 + room
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "disk", folder], check=True)
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        with (folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        os.truncate(folder / "filler", (folder / "filler").stat().st_size - room)
        code, _, errors = finish(start(project, name, *LONG[name]))
        assert "Traceback" not in errors
        assert code == 0 or "make room" in errors, errors
        assert_whole(project, before)
        (folder / "filler").unlink()
        subprocess.run(["mount", "-o", "remount,size=1g", folder], check=True)
        code, _, errors = finish(start(project, name, *LONG[name]))
        assert code == 0, errors
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
