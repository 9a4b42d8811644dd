"""The environment variables of every kernel of the course."""

import os
from pathlib import Path

from course.environment.install import PROJECT

OFFLINE = Path(__file__).resolve().parent / "offline"

VARIABLES = {
    # The libraries' caches stay inside the project.
    "HF_HOME": str(PROJECT / "data" / "hf"),
    # How long a waiting thread keeps its core busy. With the default, a training step takes ten
    # times as long as soon as another program wants a core too.
    "GOMP_SPINCOUNT": "10000",
    "TOKENIZERS_PARALLELISM": "false",
}

# The clock decides whether such a bar appears, so its output cannot be compared.
NO_PROGRESS_BARS = {"TQDM_DELAY": "3600"}


def prepare_interactive_environment() -> None:
    """Set the variables that a learner's kernels inherit, unless they are set already."""
    for name, value in VARIABLES.items():
        os.environ.setdefault(name, value)


def prepare_kernel_environment() -> None:
    """Set the variables that kernels inherit whose outputs are compared.

    Those kernels draw no progress bars and, unless the source is the hub, refuse every connection
    that leaves this machine.
    """
    prepare_interactive_environment()
    os.environ.update(NO_PROGRESS_BARS)
    if os.environ.get("COURSE_SOURCE", "") in ("", "embedded"):
        others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        paths = [str(OFFLINE), *(path for path in others if path not in ("", str(OFFLINE)))]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
        os.environ["HF_HUB_OFFLINE"] = "1"
