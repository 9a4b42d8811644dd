"""Open JupyterLab on the notebooks, in the course's environment: see `make lab`."""

import os
import sys

from tools.kernel_environment import PROJECT, prepare_interactive_environment


def main() -> None:
    """Become JupyterLab, which opens a browser where there is one."""
    prepare_interactive_environment()
    command = [sys.executable, "-m", "jupyterlab", f"--notebook-dir={PROJECT / 'notebooks'}"]
    os.execv(sys.executable, [*command, *sys.argv[1:]])


if __name__ == "__main__":
    main()
