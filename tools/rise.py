"""Open JupyterLab with a button that shows a notebook as slides whose code runs: see `make rise`.

The extension lies in a folder of its own, so that `make lab` stays as it is without it.
"""

import os
import sys
import tomllib

from tools import lab
from tools.kernel_environment import PROJECT

FOLDER = PROJECT / "build" / "rise"


def requirement() -> str:
    """Return what pyproject.toml pins."""
    table = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (pinned,) = table["optional-dependencies"]["rise"]
    return pinned


def add_extension() -> None:
    """Let Python and Jupyter look into the extension's folder too."""
    sys.path.append(str(FOLDER))
    for name, part in (("JUPYTER_PATH", "share"), ("JUPYTER_CONFIG_PATH", "etc")):
        others = os.environ.get(name, "")
        own = str(FOLDER / part / "jupyter")
        os.environ[name] = os.pathsep.join(filter(None, [own, others]))


def main(arguments: list[str] | None = None) -> None:
    """Print what to install (`--requirement`), or start JupyterLab with the options of `make lab`.

    Raises:
        SystemExit: if the extension is not installed.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments == ["--requirement"]:
        print(requirement())
        return
    if not FOLDER.is_dir():
        raise SystemExit("jupyterlab-rise is not installed: run 'make rise', which installs it.")
    add_extension()
    lab.main(arguments)


if __name__ == "__main__":
    main()
