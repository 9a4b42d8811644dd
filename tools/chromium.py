"""Find the Chromium or Chrome of this machine, and install Debian's where that can be done."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The fonts let a picture of a Chinese page show Chinese.
PACKAGES = ("chromium", "fonts-noto-cjk")


def find_chromium() -> str | None:
    """Return the path of a browser that playwright can drive, or None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def main() -> int:
    """Make sure that there is a browser; print one sentence and return 1 if there is none."""
    if find_chromium():
        return 0
    if shutil.which("apt-get") and os.geteuid() == 0:
        print(f"Installing {' and '.join(PACKAGES)} from Debian (a minute, once)", flush=True)
        quiet = {"stdout": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update"], **quiet)
        install = ["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES]
        subprocess.run(install, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, **quiet)
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
