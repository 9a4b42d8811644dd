"""What every kernel of the course is started with."""

import os
from pathlib import Path

from course.environment.install import PROJECT

OFFLINE = Path(__file__).resolve().parent / "offline"

VARIABLES = {
    # Caches of the libraries stay inside the project.
    "HF_HOME": str(PROJECT / "data" / "hf"),
    # How long a thread that waits for another keeps its core busy. The default is so long that a
    # training step takes ten times as long as soon as another program wants a core too.
    "GOMP_SPINCOUNT": "10000",
    "TOKENIZERS_PARALLELISM": "false",
}

# A bar that appears when work takes long is decided by a clock: it cannot be compared.
NO_PROGRESS_BARS = {"TQDM_DELAY": "3600"}


def prepare_interactive_environment() -> None:
    """Set what a learner's kernels inherit from this process, unless it is set already."""
    for name, value in VARIABLES.items():
        os.environ.setdefault(name, value)


def prepare_kernel_environment() -> None:
    """Set what compared kernels inherit from this process.

    They draw no progress bars and, unless the source is the hub, refuse every connection
    outside loopback.
    """
    prepare_interactive_environment()
    os.environ.update(NO_PROGRESS_BARS)
    if os.environ.get("COURSE_SOURCE", "") in ("", "embedded"):
        others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        paths = [str(OFFLINE), *(path for path in others if path not in ("", str(OFFLINE)))]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
        os.environ["HF_HUB_OFFLINE"] = "1"
