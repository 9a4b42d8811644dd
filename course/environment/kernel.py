"""The environment variables of the kernels whose outputs are compared."""

import os
from pathlib import Path

from helpers.environment import chosen_source

OFFLINE = Path(__file__).resolve().parent / "offline"


def prepare_kernel_environment() -> None:
    """Set the variables that those kernels inherit.

    They draw no progress bars and, unless the source is the hub, refuse every connection
    that leaves this machine.
    """
    # The clock decides whether such a bar appears, so its output cannot be compared.
    os.environ["TQDM_DELAY"] = "3600"
    if chosen_source() == "embedded":
        others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        paths = [str(OFFLINE), *(path for path in others if path not in ("", str(OFFLINE)))]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
        os.environ["HF_HUB_OFFLINE"] = "1"


def prepare_embedded_environment() -> None:
    """Do that with the embedded source, whichever `COURSE_SOURCE` names.

    What the course stores, and what it compares with that, is of its own data.
    """
    os.environ["COURSE_SOURCE"] = "embedded"
    prepare_kernel_environment()
