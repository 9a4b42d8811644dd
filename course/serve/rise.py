"""Open JupyterLab with a button that shows a notebook as slides with running code.

The extension is in a folder of its own, so that `python -m course lab` stays without it.
"""

import sys
from collections.abc import Sequence

from course.serve import lab
from helpers.environment import PROJECT

FOLDER = PROJECT / "build" / "rise"


def add_extension() -> None:
    """Let Python and Jupyter search the extension's folder too."""
    sys.path.append(str(FOLDER))
    lab.put_first("JUPYTER_PATH", FOLDER / "share" / "jupyter")
    lab.put_first("JUPYTER_CONFIG_PATH", FOLDER / "etc" / "jupyter")


def main(arguments: Sequence[str] = ()) -> None:
    """Start JupyterLab with the options of `lab`."""
    add_extension()
    lab.main(arguments)
