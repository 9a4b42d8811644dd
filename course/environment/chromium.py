"""Find the Chromium or Chrome of this machine."""

import shutil

PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# Without these fonts, pictures have no Chinese characters.
PACKAGES = ("chromium", "fonts-noto-cjk")


def find_chromium() -> str | None:
    """Return the path of a browser that playwright can drive, or None if there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def require_chromium() -> None:
    """Make sure that there is a browser.

    Raises:
        SystemExit: if there is none.
    """
    if not find_chromium():
        raise SystemExit(
            "The browser tests need Chromium or Chrome, and this machine has neither: install one "
            f"(on Debian: sudo apt-get install {' '.join(PACKAGES)}), then run the command again."
        )
