"""Open JupyterLab on the notebooks, in the course's environment: see `make lab`."""

import os
import sys

from tools.kernel_environment import PROJECT, prepare_interactive_environment
from tools.languages import chosen_language


def command(options: list[str]) -> list[str]:
    """Return what starts JupyterLab: at the folder of COURSE_LANG, with the others beside it."""
    folders = [
        f"--notebook-dir={PROJECT / 'notebooks'}",
        f"--ContentsManager.preferred_dir={chosen_language()}",
    ]
    return [sys.executable, "-m", "jupyterlab", *folders, *options]


def main() -> None:
    """Become JupyterLab, which opens a browser where there is one."""
    prepare_interactive_environment()
    os.execv(sys.executable, command(sys.argv[1:]))


if __name__ == "__main__":
    main()
