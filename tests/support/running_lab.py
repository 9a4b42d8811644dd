"""JupyterLab as `lab` starts it, for tests that ask it over loopback or in a browser."""

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from support.commands import command_here
from urllib3 import PoolManager, Retry

from helpers.environment import PROJECT

# The address is printed a moment before the server answers at it.
SOON = Retry(connect=8, redirect=5, backoff_factor=0.1)


@dataclass(frozen=True)
class Lab:
    """Where a running JupyterLab answers, and the token that it asks for."""

    base: str
    token: str

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2])

    def status(self, token: str = "") -> int:
        """What it answers to somebody who asks how it is."""
        address = f"{self.base}/api/status?token={token}"
        return PoolManager().request("GET", address, retries=SOON).status


def start(
    home: Path,
    options: list[str],
    project: Path = PROJECT,
    language: str = "zh",
    name: str = "lab",
) -> subprocess.Popen:
    """Start the command of `python -m course lab`, without a browser of its own.

    Args:
        home: a folder for what Jupyter keeps of its user.
        options: those of the command.
        project: where it is run.
        language: that of the notebooks.
        name: the command; `rise` has the slides.
    """
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")
    }
    own = {name: str(home / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    command = [*command_here(name), "--no-browser", "--allow-root", *options]
    return subprocess.Popen(
        command,
        cwd=project,
        env=inherited | own | {"IPYTHONDIR": str(home / "ipython"), "COURSE_LANG": language},
        stderr=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def running_lab(
    home: Path, project: Path = PROJECT, language: str = "zh", name: str = "lab"
) -> Iterator[Lab]:
    """A JupyterLab on a free port, with the arguments of `start`."""
    process = start(home, ["--port=0"], project, language, name)
    try:
        shown = next(line for line in process.stderr if "http://127.0.0.1:" in line)
        base, token = re.search(r"(http://127\.0\.0\.1:\d+)/\S*\?token=(\w+)", shown).groups()
        # Nobody reads on, and a full pipe would stop the server.
        Thread(target=process.stderr.read, daemon=True).start()
        lab = Lab(base, token)
        assert lab.status(token) == 200
        yield lab
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            # It waits for a kernel that was just starting.
            process.kill()
            process.wait()
