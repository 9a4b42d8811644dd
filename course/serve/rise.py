"""Open JupyterLab with a button that shows a notebook as slides whose code runs: see `make rise`.

The extension lies in a folder of its own, so that `make lab` stays as it is without it.
"""

import sys

from course.environment.kernel import PROJECT
from course.environment.lock import extra_requirements
from course.serve import lab

FOLDER = PROJECT / "build" / "rise"


def add_extension() -> None:
    """Let Python and Jupyter look into the extension's folder too."""
    sys.path.append(str(FOLDER))
    lab.put_first("JUPYTER_PATH", FOLDER / "share" / "jupyter")
    lab.put_first("JUPYTER_CONFIG_PATH", FOLDER / "etc" / "jupyter")


def main(arguments: list[str] | None = None) -> None:
    """Print what to install (`--requirements`), or start JupyterLab with the options of `make lab`.

    Raises:
        SystemExit: if the extension is not installed.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments == ["--requirements"]:
        print(*extra_requirements("rise"))
        return
    if not FOLDER.is_dir():
        raise SystemExit("jupyterlab-rise is not installed: run 'make rise', which installs it.")
    add_extension()
    lab.main(arguments)


if __name__ == "__main__":
    main()
