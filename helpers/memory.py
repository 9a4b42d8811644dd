"""The peak memory of this process."""

import os
import re
from pathlib import Path

import psutil


def peak_megabytes() -> int:
    """Return the peak memory of this process since it started, in megabytes."""
    if os.name == "nt":
        return psutil.Process().memory_info().peak_wset // 2**20
    status = Path("/proc/self/status")
    # On Linux, `ru_maxrss` includes the parent's memory at the fork. On macOS, which has no /proc,
    # it is right, and in bytes.
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) // 1024
    # Windows does not have it.
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20
