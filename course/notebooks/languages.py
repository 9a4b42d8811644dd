"""The languages that the notebooks are in."""

import os
from pathlib import Path

from course.environment.kernel import PROJECT

# The notebooks are written and executed in the first; the second has the same code and outputs.
ORIGINAL, TRANSLATION = "zh", "en"
LANGUAGES = (ORIGINAL, TRANSLATION)


def notebook_folder(language: str) -> Path:
    """Return the folder of the notebooks in one language."""
    return PROJECT / "notebooks" / language


def chosen_language() -> str:
    """Return the language that COURSE_LANG names, by default the original.

    Raises:
        SystemExit: if the notebooks are not in that language.
    """
    language = os.environ.get("COURSE_LANG") or ORIGINAL
    if language not in LANGUAGES:
        raise SystemExit(
            f"There are no notebooks in COURSE_LANG={language}: set it to zh (Chinese) or en "
            "(English), or leave it out."
        )
    return language
