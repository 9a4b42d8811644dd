"""What a learner runs starts on Windows too: what only POSIX has is called in few places."""

import ast

import pytest

from helpers.environment import PROJECT

MODULES = {"crypt", "fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty"}
CALLS = {
    "os": {
        "chown", "chroot", "execv", "execve", "execvp", "fork", "forkpty", "getegid", "geteuid",
        "getgid", "getpgid", "getuid", "killpg", "mkfifo", "nice", "sched_getaffinity",
        "setegid", "seteuid", "setgid", "setpgid", "setsid", "setuid", "statvfs", "sysconf",
        "uname", "wait", "waitpid",
    },
    "signal": {"SIGALRM", "SIGHUP", "SIGKILL", "SIGQUIT", "SIGUSR1", "SIGUSR2", "alarm"},
}  # fmt: skip
# Each of these modules says in a comment why it may.
ALLOWED = {
    "course/classroom/sandbox.py": "Linux",
    "course/doctor.py": "hasattr",
    "course/environment/install.py": "win32",
    "helpers/memory.py": "Windows",
}
FILES = sorted(
    str(path.relative_to(PROJECT).as_posix())
    for folder in ("course", "helpers")
    for path in (PROJECT / folder).rglob("*.py")
)


def posix_only(code: str) -> set[str]:
    """The names in some code that Windows does not have."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & MODULES
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module} & MODULES
        elif isinstance(node, ast.Attribute):
            module = getattr(node.value, "id", "")
            found |= {f"{module}.{node.attr}"} if node.attr in CALLS.get(module, ()) else set()
    return found


@pytest.mark.parametrize("path", FILES)
def test_a_module_calls_nothing_that_windows_does_not_have(path):
    code = (PROJECT / path).read_text(encoding="utf-8")
    if path in ALLOWED:
        assert posix_only(code), "it needs no exception any more"
        assert ALLOWED[path] in code
    else:
        assert posix_only(code) == set()


@pytest.mark.parametrize(
    "code",
    ["import resource", "from pwd import getpwnam", "os.kill(1, signal.SIGKILL)", "os.fork()"],
)
def test_such_a_call_is_noticed(code):
    assert posix_only(code)
