"""The front door: `python -m course COMMAND`, on every system.

It needs nothing but Python. It makes the environment that a command needs, and continues in it.
"""

from __future__ import annotations

import errno
import importlib
import os
import subprocess
import sys

from course.commands import COMMANDS, READERS, Command
from course.environment import install

STOPPED = 130
# What the system may refuse, and what the user can do about it.
REFUSALS = {
    errno.EACCES: "make it yours to read and write, or work in your own copy of the course",
    errno.EPERM: "make it yours to read and write, or work in your own copy of the course",
    errno.EROFS: "work in a copy of the course on a disk that you can write to",
    errno.ENOSPC: "make room on that disk, and run the command again",
    errno.ENAMETOOLONG: "pass a shorter name",
    errno.EADDRINUSE: "end the program that uses the port, or pass another one",
}


def overview() -> str:
    """Return the list of the commands, by reader."""
    lines = ["python -m course COMMAND; python -m course COMMAND --help lists its options."]
    for reader, heading in READERS.items():
        lines += ["", heading]
        for name, command in COMMANDS.items():
            if command.reader == reader:
                lines.append(f"  {name:<15} {command.summary}")
    return "\n".join(lines)


def command_help(name: str) -> str:
    """Return what a command does and what may be passed to it."""
    command = COMMANDS[name]
    lines = [f"python -m course {name}: {command.summary}."]
    width = max((len(option) for option, _ in command.options), default=0)
    lines += [f"  {option:<{width}}  {meaning}" for option, meaning in command.options]
    return "\n".join(lines)


def take_settings(arguments: list[str]) -> list[str]:
    """Put the options of every command into the environment; return the other arguments.

    Raises:
        SystemExit: if --language names no language of the course.
    """
    others = []
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if argument.startswith("--language"):
            _, _, value = argument.partition("=")
            value = value or (waiting.pop(0) if waiting else "")
            if value not in ("zh", "en"):
                raise SystemExit(f"--language {value}: pass zh (Chinese) or en (English).")
            os.environ["COURSE_LANG"] = value
        elif argument in ("--quick", "--full"):
            os.environ[argument[2:].upper()] = "1"
        else:
            others.append(argument)
    return others


def run_here(command: Command, arguments: list[str]) -> int:
    """Run a command in this process; if the system stops it, say why in one sentence."""
    try:
        module = importlib.import_module(command.module)
        return module.main([*command.arguments, *arguments]) or 0
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return STOPPED
    except OSError as error:
        # Of a folder that could not be copied, shutil tells the reason only in words.
        told = (number for number in REFUSALS if os.strerror(number) in str(error))
        number = error.errno or next(told, None)
        if number not in REFUSALS:
            raise
        name = str(error.filename or "")
        # A name that is too long for the system is too long for the screen.
        what = f"{name[:200]}: " if name else ""
        print(f"{what}{os.strerror(number)}: {REFUSALS[number]}.", file=sys.stderr)
        return 1


def run_there(name: str, python: str, arguments: list[str]) -> int:
    """Run a command through the front door of another Python, and return its exit code."""
    process = subprocess.Popen([python, "-m", "course", name, *arguments], cwd=install.PROJECT)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # Ctrl-C reaches both processes; the command itself says how it ended.
            continue


def main(arguments: list[str]) -> int:
    """Run the command that the arguments name; return its exit code."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        print(f"There is no command {name!r}.\n\n{overview()}", file=sys.stderr)
        return 2
    if rest and rest[0] in ("-h", "--help"):
        print(command_help(name))
        return 0
    command = COMMANDS[name]
    rest = take_settings(rest)
    most = command.most if command.options else 0
    if most is not None and len(rest) > most:
        more = rest[most][:200]
        print(f"python -m course {name} takes no {more!r}: leave it out.", file=sys.stderr)
        return 2
    if command.environment is None:
        python = install.existing_python("course")
    else:
        try:
            supported = install.find_python()
            if supported != sys.executable:
                return run_there(name, supported, rest)
            python = install.prepare(command.environment)
        except install.InstallError as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\nStopped: the next command continues the set-up.", file=sys.stderr)
            return STOPPED
    if python is None or install.is_running(command.environment or "course"):
        return run_here(command, rest)
    return run_there(name, python, rest)


if __name__ == "__main__":
    # A line is there at once, also for the program at the other end of a pipe.
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
