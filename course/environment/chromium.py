"""Find the Chromium or Chrome of this machine, and install Debian's where that can be done."""

import os
import shutil
import subprocess
import sys

PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# The fonts let a picture of a Chinese page show Chinese.
PACKAGES = ("chromium", "fonts-noto-cjk")


def find_chromium() -> str | None:
    """Return the path of a browser that playwright can drive, or None if there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def install() -> None:
    """Install Debian's packages; what apt-get says of an error is shown."""
    print(f"Installing {' and '.join(PACKAGES)} from Debian (a minute, once)", flush=True)
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update"], command):
        subprocess.run(step, env=environment, stdout=subprocess.DEVNULL)


def main() -> int:
    """Make sure that there is a browser; print one sentence and return 1 if there is none."""
    if not find_chromium() and shutil.which("apt-get") and os.geteuid() == 0:
        install()
    if find_chromium():
        return 0
    print(
        "The browser tests need Chromium or Chrome, and this machine has neither: install one "
        f"(on Debian: sudo apt-get install {' '.join(PACKAGES)}), then run 'make test-browser' "
        "again.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
