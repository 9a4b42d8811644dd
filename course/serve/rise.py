"""Open JupyterLab with a button that shows a notebook as slides whose code runs.

The extension lies in a folder of its own, so that `python -m course lab` stays as it is without it.
"""

import sys

from course.environment.kernel import PROJECT
from course.serve import lab

FOLDER = PROJECT / "build" / "rise"


def add_extension() -> None:
    """Let Python and Jupyter look into the extension's folder too."""
    sys.path.append(str(FOLDER))
    lab.put_first("JUPYTER_PATH", FOLDER / "share" / "jupyter")
    lab.put_first("JUPYTER_CONFIG_PATH", FOLDER / "etc" / "jupyter")


def main(arguments: list[str] | None = None) -> None:
    """Start JupyterLab with the options of `lab`."""
    add_extension()
    lab.main(arguments)
