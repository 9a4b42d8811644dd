"""What every kernel of the course is started with, under nbval and under the commands."""

import os
from pathlib import Path

from tools.loopback import switch_on_loopback

PROJECT = Path(__file__).resolve().parent.parent
OFFLINE = Path(__file__).resolve().parent / "offline"

VARIABLES = {
    # Caches of the libraries stay inside the project.
    "HF_HOME": str(PROJECT / "data" / "hf"),
    # A bar that appears when work takes long is decided by a clock: it cannot be compared.
    "TQDM_DELAY": "3600",
    "TOKENIZERS_PARALLELISM": "false",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}


def prepare_kernel_environment() -> None:
    """Set what kernels inherit from this process; they are offline unless the source is the hub."""
    for name, value in VARIABLES.items():
        os.environ.setdefault(name, value)
    if os.environ.get("COURSE_SOURCE", "embedded") == "embedded":
        paths = [str(OFFLINE), *filter(None, [os.environ.get("PYTHONPATH")])]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
        os.environ["HF_HUB_OFFLINE"] = "1"
    switch_on_loopback()
