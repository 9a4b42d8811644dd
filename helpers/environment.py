"""Where downloads and trained models are kept, and what the libraries read when they are imported.

Standard library only: `helpers` sets the variables before any library is imported. Why that
matters is taught in 01, cell `hf-home-too-late`.
"""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def data_folder(project: Path = PROJECT) -> Path:
    """Return the folder for what is downloaded and trained.

    Args:
        project: the course's folder.

    Returns:
        The project's `data`; or, if that cannot be written to, a folder of the user's own.
    """
    if os.access(project / "data", os.W_OK):
        return project / "data"
    return Path.home() / ".cache" / "fine-tuning-notebooks"


def chosen_source() -> str:
    """Return the source that `COURSE_SOURCE` names, or the embedded one."""
    return os.environ.get("COURSE_SOURCE") or "embedded"


def set_defaults() -> None:
    """Set the variables, unless they are set already."""
    home = os.environ.get("HF_HOME") or str(data_folder() / "hf")
    # Some libraries would take ~ for the name of a folder. Commands run in the project's folder,
    # and kernels in that of their notebook: a relative path is one place for both.
    os.environ["HF_HOME"] = str(PROJECT / os.path.expanduser(os.path.expandvars(home)))
    # How long a waiting thread keeps its core busy. With the default, a training step takes ten
    # times as long as soon as another program wants a core too.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if os.name == "nt":
        # torch.distributed asks for a library without which it is built for Windows:
        # https://github.com/pytorch/pytorch/issues/148283
        os.environ.setdefault("USE_LIBUV", "0")
