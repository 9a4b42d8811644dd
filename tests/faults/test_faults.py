"""Bad arguments, kills, full disks and two of each at once: one sentence, and nothing is lost."""

import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest

from course.__main__ import command_here
from helpers.environment import PROJECT

KILLS = 10
# Commands that work for some seconds, and what they work on.
LONG = {
    "run": ["02"],
    "update": ["02"],
    "slides": [],
    "sync": [],
    "translated": ["02"],
}
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
# They take an argument, and start nothing that stays.
TAKING = ["run", "update", "sync", "translated", "grade", "demo"]


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of the course, with a file of the learner's own."""
    folder = tmp_path / "course"
    left_out = shutil.ignore_patterns("build", "models", "hf", "__pycache__", ".*")
    shutil.copytree(PROJECT, folder, ignore=left_out)
    (folder / "build" / "slides").mkdir(parents=True)
    (folder / "build" / "run").mkdir()
    (folder / "build" / "run" / "notes.txt").write_text("mine")
    return folder


def start(project: Path, name: str, *arguments: str) -> subprocess.Popen:
    """Start a command of the copy, past the set-up."""
    path = os.pathsep.join([str(project), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [*command_here(name), *arguments],
        cwd=project,
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen) -> tuple[int, str, str]:
    """Wait for a command; return its code and what it printed."""
    output, errors = process.communicate(timeout=300)
    return process.returncode, output, errors


def prose_and_code(project: Path) -> str:
    """A digest of every source in every notebook; a notebook that is cut off raises an error."""
    parts = []
    for path in sorted((project / "notebooks").rglob("*.ipynb")):
        parts += [cell.source for cell in nbformat.read(path, as_version=4).cells]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def assert_whole(project: Path, before: str) -> None:
    """Nobody's work is lost, and no page is cut off."""
    assert prose_and_code(project) == before
    assert (project / "build" / "run" / "notes.txt").read_text() == "mine"
    for page in (project / "build").rglob("*.html"):
        if not page.relative_to(project / "build").parts[0].startswith("."):
            assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")


@pytest.mark.parametrize("name", TAKING)
def test_a_bad_argument_is_said_without_a_traceback(project, name):
    before = prose_and_code(project)
    for junk in JUNK:
        if name not in ("translated", "grade") and not junk.strip(" -"):
            continue  # As good as no argument: all notebooks.
        code, _, errors = finish(start(project, name, junk))
        assert code != 0, junk
        assert "Traceback" not in errors, junk
    assert_whole(project, before)


@pytest.mark.parametrize("name", LONG)
def test_a_kill_at_any_moment_loses_nothing(project, name):
    began = time.monotonic()
    assert finish(start(project, name, *LONG[name]))[0] == 0
    whole = time.monotonic() - began
    before = prose_and_code(project)
    moments = random.Random(17)
    for _ in range(KILLS):
        process = start(project, name, *LONG[name])
        try:
            process.wait(moments.uniform(0, whole))
        except subprocess.TimeoutExpired:
            process.kill()
        finish(process)
        assert_whole(project, before)
    assert finish(start(project, name, *LONG[name]))[0] == 0
    assert_whole(project, before)


@pytest.mark.parametrize("name", LONG)
def test_two_at_once_lose_nothing(project, name):
    before = prose_and_code(project)
    ends = [finish(process) for process in [start(project, name, *LONG[name]) for _ in range(2)]]
    assert all("Traceback" not in errors for _, _, errors in ends)
    assert 0 in {code for code, _, _ in ends}
    assert_whole(project, before)


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root of Linux can mount a small disk"
)
@pytest.mark.parametrize("name", LONG)
def test_a_full_disk_is_one_sentence_and_loses_nothing(project, name):
    before = prose_and_code(project)
    folder = project / ("build" if name in ("run", "slides") else "notebooks")
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    size = sum(path.stat().st_size for path in folder.rglob("*")) + 300_000
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "disk", folder], check=True)
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        with (folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        code, _, errors = finish(start(project, name, *LONG[name]))
        assert "Traceback" not in errors
        assert code == 0 or "No space left on device" in errors
        assert_whole(project, before)
    finally:
        subprocess.run(["umount", folder], check=True)
