"""Start a command as the front door does once everything is installed."""

import sys


def command_here(name: str) -> list[str]:
    """The start of a command line that runs a command in this Python, set up or not."""
    code = "import sys; from course import __main__ as door; "
    code += f"sys.exit(door.run_here(door.COMMANDS[{name!r}], sys.argv[1:]))"
    return [sys.executable, "-c", code]
