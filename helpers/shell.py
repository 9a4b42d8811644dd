"""Write a command as it can be pasted into a shell: PowerShell on Windows, else sh and its kin.

Standard library only: the doctor reads it when packages are broken.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence


def join_command(command: Sequence[str], variables: Mapping[str, str] | None = None) -> str:
    """Return a command as it can be pasted into this system's shell.

    Args:
        command: the program and its arguments.
        variables: those of the environment that it needs.
    """
    settings = (variables or {}).items()
    if os.name != "nt":
        set_before = [f"{name}={shlex.quote(value)}" for name, value in settings]
        return " ".join([*set_before, shlex.join(command)])
    set_before = [f"$env:{name} = {_quote(value)};" for name, value in settings]
    words = [word if re.fullmatch(r"[\w./:\\=+-]+", word) else _quote(word) for word in command]
    # Without it, PowerShell takes a quoted program for a text.
    call = ["&"] if words[0] != command[0] else []
    return " ".join([*set_before, *call, *words])


def _quote(text: str) -> str:
    # To PowerShell, a curly quote is the same as a straight one, and two of them stand for one.
    return "'" + re.sub("(['‘’‚‛])", r"\1\1", text) + "'"
