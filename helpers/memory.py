"""How much memory this process has held."""

import re
import resource
from pathlib import Path


def peak_megabytes() -> int:
    """Return the most memory that this process held at once since it started, in megabytes."""
    status = Path("/proc/self/status")
    # Linux's `ru_maxrss` counts what the parent held at the fork; macOS, which has no /proc,
    # gives it in bytes.
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20
