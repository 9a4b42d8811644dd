"""What a program in the sandbox can do, and what is said where there is no sandbox."""

import ctypes
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from course.classroom import sandbox
from helpers.environment import PROJECT

PROBLEM = sandbox.find_problem()
where_there_is_one = pytest.mark.skipif(PROBLEM is not None, reason=f"no sandbox: {PROBLEM}")


def inside(code: str, *hidden: Path) -> str:
    """Run code in the sandbox, and return what it prints."""
    command = sandbox.wrap([sys.executable, "-c", f"import os\n{code}"], hidden)
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def attempt(code: str) -> str:
    return (
        f"try:\n    {code}\n    print('done')\nexcept OSError as error:\n    print(error.strerror)"
    )


@pytest.fixture
def trace() -> Iterator[Callable[[Path, str], tuple[str, bool]]]:
    """Run code in the sandbox on a path in a folder; return what it says, and if a file is left."""
    paths = []

    def trace(folder: Path, code: str) -> tuple[str, bool]:
        paths.append(folder / "written-in-the-sandbox")
        said = inside(f"path = {str(paths[-1])!r}\n{attempt(code)}")
        return said, paths[-1].exists()

    yield trace
    # A sandbox that is broken leaves it.
    for path in paths:
        path.unlink(missing_ok=True)


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_where_linux_gives_namespaces_and_others_may_read_the_course_there_is_a_sandbox():
    # Asked of the system itself: a sandbox that is broken would skip all the other tests.
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *user, "--mount", "--net", "--ipc", "--pid", "--fork", "true"]
    folders = (PROJECT, *PROJECT.parents)
    if not shutil.which("unshare") or subprocess.run(command).returncode:
        pytest.skip("no namespaces for this user")
    if os.geteuid() == 0 and not all(folder.stat().st_mode & 0o001 for folder in folders):
        pytest.skip("only root may enter the folder of the course")
    assert PROBLEM is None


@where_there_is_one
@pytest.mark.parametrize("folder", [PROJECT, PROJECT / "helpers", Path("/var/tmp"), Path("/etc")])
def test_what_is_outside_can_only_be_read(folder, trace):
    said, is_left = trace(folder, "open(path, 'w')")
    assert said in ("Read-only file system", "Permission denied")
    assert not is_left


@where_there_is_one
def test_a_folder_of_its_own_can_be_written_to_and_does_not_stay(trace):
    assert trace(sandbox.SCRATCH, "open(path, 'w')") == ("done", False)


@where_there_is_one
def test_it_holds_no_more_than_its_size(trace):
    fill = "file = open(path, 'wb')\n    for _ in range(80): file.write(bytes(1 << 24))"
    said, is_left = trace(sandbox.SCRATCH, fill)
    assert said in ("No space left on device", "File too large")
    assert not is_left


@where_there_is_one
def test_it_has_its_limits():
    code = """
import resource
place = os.statvfs("/tmp")
print(place.f_blocks * place.f_frsize, os.nice(0), open("/proc/self/oom_score_adj").read().strip())
for name in ("CPU", "DATA", "NPROC", "FSIZE", "CORE"):
    print(*resource.getrlimit(getattr(resource, f"RLIMIT_{name}")))
"""
    limits = (600, 4 << 30, 512, 1 << 30, 0)
    assert inside(code).splitlines() == [
        f"{1 << 30} {min(os.nice(0) + 10, 19)} 1000",
        *(f"{most} {most}" for most in limits),
    ]


@where_there_is_one
def test_there_is_no_network_but_loopback():
    assert inside("import socket; print([name for _, name in socket.if_nameindex()])") == "['lo']"
    assert inside("import socket; socket.create_server(('127.0.0.1', 0)); print('done')") == "done"


@where_there_is_one
def test_no_other_process_is_seen_or_reached():
    assert inside("print([one for one in os.listdir('/proc') if one.isdigit()])") == "['1']"
    assert inside(attempt(f"os.kill({os.getpid()}, 0)")) == "No such process"


@where_there_is_one
def test_what_is_hidden_is_empty(tmp_path):
    folder, file = PROJECT / "exercises", PROJECT / "README.md"
    code = f"print(os.listdir({str(folder)!r}), len(open({str(file)!r}).read()))"
    assert inside(code, folder, file) == "[] 0"


@where_there_is_one
def test_of_the_user_s_home_only_what_python_and_the_course_need_is_seen():
    home = Path.home()
    needed = {
        path.relative_to(home).parts[0]
        for path in sandbox.needed_paths()
        if path.is_relative_to(home) and path != home
    }
    seen = inside(f"print(*os.listdir({str(home)!r}), sep='\\n')") if home.is_dir() else ""
    assert set(seen.splitlines()) <= needed


@where_there_is_one
@pytest.mark.parametrize("home", ["/", "/nobody-lives-here"])
def test_a_user_may_have_no_home_of_their_own(home, monkeypatch):
    monkeypatch.setenv("HOME", home)
    assert inside("print('here')") == "here"


@where_there_is_one
def test_it_has_no_privileges_and_cannot_get_any():
    status = inside("print(open('/proc/self/status').read())")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {int(fields[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapInh")} == {0}
    assert fields["NoNewPrivs"] == "1"


@where_there_is_one
def test_root_becomes_nobody():
    if os.geteuid() != 0:
        pytest.skip("it is not root who runs the tests")
    assert inside("print(*os.getresuid(), *os.getresgid(), os.getgroups())") == (
        "65534 65534 65534 65534 65534 65534 []"
    )


@where_there_is_one
def test_it_cannot_start_processes_without_end():
    # Not without end: if nothing stops it, it must stop.
    fork = "import signal\n    for _ in range(600):\n        if os.fork() == 0: signal.pause()"
    assert inside(attempt(fork)) == "Resource temporarily unavailable"


@pytest.mark.parametrize(("user", "more"), [(0, ""), (1000, "--user --map-root-user ")])
def test_a_command_is_wrapped_so_that_it_ends_with_who_started_it(user, more, monkeypatch):
    monkeypatch.setattr(sandbox.os, "geteuid", lambda: user, raising=False)
    command = sandbox.wrap(["python", "-c", "1"], [Path("solutions")])
    assert " ".join(command) == (
        f"setpriv --pdeathsig KILL unshare {more}--mount --net --ipc --pid --fork --kill-child "
        f"--mount-proc {sys.executable} -m course.classroom.sandbox {Path.home()} solutions "
        "-- python -c 1"
    )


def test_what_a_call_of_the_system_refuses_is_an_error_with_its_place():
    sandbox._check(0, "/proc")
    ctypes.set_errno(errno.EPERM)
    with pytest.raises(PermissionError) as refusal:
        sandbox._check(-1, Path("/proc"))
    assert refusal.value.filename == str(Path("/proc"))


def test_where_the_system_is_another_that_is_said(monkeypatch):
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    assert sandbox.find_problem() == "it needs Linux"


def test_a_tool_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(sandbox.sys, "platform", "linux")
    monkeypatch.setattr(sandbox.shutil, "which", lambda _: None)
    assert sandbox.find_problem() == "unshare of util-linux is not installed"


@pytest.mark.skipif(sys.platform != "linux", reason="the command line is that of Linux")
def test_a_course_that_nobody_else_may_enter_is_named(monkeypatch, tmp_path):
    refused = ["sh", "-c", "echo \"No module named 'course'\" >&2; exit 1"]
    monkeypatch.setattr(sandbox, "wrap", lambda _: refused)
    monkeypatch.setattr(sandbox, "PROJECT", tmp_path / "course")
    (tmp_path / "course").mkdir()
    tmp_path.chmod(0o700)
    assert sandbox.find_problem().startswith(f"only its owner may enter {tmp_path}, and")


@pytest.mark.skipif(sys.platform != "linux", reason="the command line is that of Linux")
def test_what_the_system_refuses_is_said_in_its_words(monkeypatch):
    refused = ["sh", "-c", "echo 'unshare failed: Operation not permitted' >&2; exit 1"]
    monkeypatch.setattr(sandbox, "wrap", lambda _: refused)
    assert sandbox.find_problem() == "unshare failed: Operation not permitted"
