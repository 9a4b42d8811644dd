"""Run a program that nobody has read where it can do no harm: Linux namespaces, and limits.

`unshare` of util-linux gives it processes, mounts and a network of its own; `enter` then makes the
disk read-only, hides what is private, sets the limits and gives up every privilege.
"""

import ctypes
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers.environment import PROJECT

# The one folder that can be written to, and its size; it is in memory and ends with the program.
SCRATCH = Path("/tmp")
DISK = 1 << 30
MEMORY = 4 << 30
PROCESSES = 512
CPU_SECONDS = 600

NOBODY = 65534
# Homes have keys and tokens in them; /run has sockets that lead out, and /dev/pts the terminals.
PRIVATE = (Path("/run"), Path("/dev/pts"))

# Of linux/mount.h and, for the call that changes mounts (Linux 5.12), of every architecture's list.
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000
READ_ONLY, NO_SETUID = 0x1, 0x2


def wrap(command: Sequence[str], hidden: Sequence[Path] = ()) -> list[str]:
    """Return the command line that runs a command in the sandbox.

    Args:
        command: what to run, with this Python's own files and the project to read.
        hidden: files and folders that are empty in there.
    """
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return [
        # Everything ends with this process, even if that is killed.
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", *user, "--mount", "--net", "--ipc", "--pid", "--fork", "--kill-child"),
        "--mount-proc",
        *(sys.executable, "-m", "course.classroom.sandbox"),
        *map(str, (Path.home(), *hidden)),
        *("--", *command),
    ]


def find_problem() -> str | None:
    """Return why there is no sandbox on this machine, or None if there is one."""
    if sys.platform != "linux":
        return "it needs Linux"
    for tool in ("unshare", "setpriv"):
        if not shutil.which(tool):
            return f"{tool} of util-linux is not installed"
    command = wrap([sys.executable, "-c", "import course.classroom"])
    tried = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, errors="replace")
    if tried.returncode == 0:
        return None
    if "No module named 'course'" in tried.stderr:
        folders = (PROJECT, *PROJECT.parents)
        closed = next((each for each in folders if not each.stat().st_mode & 0o001), PROJECT)
        return f"only its owner may enter {closed}, and submissions run as nobody: chmod o+rx it"
    return (tried.stderr.strip() or f"it ended with {tried.returncode}").splitlines()[-1]


def enter(command: Sequence[str], home: Path, hidden: Sequence[Path]) -> None:
    """Close the sandbox around this process, in namespaces of its own, and become the command.

    Args:
        command: what to run.
        home: the home of the user, of whose files only the needed ones can be read.
        hidden: files and folders that are empty.
    """
    is_root = Path("/proc/self/uid_map").read_text().split()[1] == "0"
    _start_loopback()
    _limit()
    # Before anything is hidden, so that it can still be reached.
    needed = {path: os.open(path, os.O_PATH) for path in needed_paths()}
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    for folder in (home, *PRIVATE):
        if folder.is_dir() and folder != Path("/"):
            _mount("tmpfs", folder, "tmpfs", options="mode=755,size=1m")
    _mount("tmpfs", SCRATCH, "tmpfs", options=f"mode=1777,size={DISK}")
    for path, handle in sorted(needed.items()):
        if not path.exists():
            path.mkdir(parents=True)
            _mount(f"/proc/self/fd/{handle}", path, None, MS_BIND | MS_REC)
        os.close(handle)
    for path in filter(Path.exists, hidden):
        if path.is_dir():
            _mount("tmpfs", path, "tmpfs", options="mode=755,size=1m")
        else:
            _mount("/dev/null", path, None, MS_BIND)
    # Processes that share memory do so in files there.
    _mount(SCRATCH, "/dev/shm", None, MS_BIND)
    _change_mounts("/", add=READ_ONLY | NO_SETUID)
    for folder in (SCRATCH, Path("/dev/shm")):
        _change_mounts(folder, remove=READ_ONLY)
    os.chdir(PROJECT)
    rights = ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--pdeathsig=KILL"]
    if is_root:
        rights += [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    os.execvp("setpriv", ["setpriv", *rights, *command])


def needed_paths() -> set[Path]:
    """Return the folders that this Python and the course are read from, links and their targets."""
    paths = [PROJECT, sys.prefix, sys.base_prefix, Path(sys.executable).parent, *sys.path]
    known = [Path(path).absolute() for path in paths if path and os.path.isdir(path)]
    return {*known, *(path.resolve() for path in known)}


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, place: object) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(place))


def _mount(
    source: object, target: object, kind: str | None, flags: int = 0, options: str = ""
) -> None:
    texts = [os.fsencode(text) if text else None for text in (str(source), str(target), kind)]
    _check(_libc().mount(*texts, ctypes.c_ulong(flags), options.encode()), target)


def _change_mounts(place: object, add: int = 0, remove: int = 0) -> None:
    """Change the flags of the mount at a place, and of those below it."""
    attributes = struct.pack("4Q", add, remove, 0, 0)
    size = ctypes.c_size_t(len(attributes))
    path = os.fsencode(str(place))
    result = _libc().syscall(MOUNT_SETATTR, AT_FDCWD, path, AT_RECURSIVE, attributes, size)
    _check(result, place)


def _start_loopback() -> None:
    """Switch on the only network there is: Jupyter talks to its kernel over it."""
    import fcntl
    import socket

    set_flags, up = 0x8914, 0x1
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", up))


def _limit() -> None:
    import resource

    limits = {
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_DATA: MEMORY,
        resource.RLIMIT_NPROC: PROCESSES,
        resource.RLIMIT_FSIZE: DISK,
        resource.RLIMIT_CORE: 0,
    }
    for which, most in limits.items():
        resource.setrlimit(which, (most, most))
    os.nice(10)
    # If memory runs out all the same, Linux ends these processes first.
    Path("/proc/self/oom_score_adj").write_text("1000")


def main(arguments: Sequence[str]) -> None:
    """Enter the sandbox: the user's home, what else to hide, --, and the command."""
    end = arguments.index("--")
    home, *hidden = map(Path, arguments[:end])
    enter(arguments[end + 1 :], home, hidden)


if __name__ == "__main__":
    main(sys.argv[1:])
