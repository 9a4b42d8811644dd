"""The languages of the notebooks."""

import hashlib
import os
from pathlib import Path

from helpers.environment import PROJECT

# The original is written and executed; the translation has the same code and outputs.
ORIGINAL, TRANSLATION = "zh", "en"
LANGUAGES = (ORIGINAL, TRANSLATION)
# The title of the series.
TITLES = {"zh": "模型微调入门", "en": "Introduction to fine-tuning models"}


def notebook_folder(language: str) -> Path:
    """Return the folder of the notebooks in one language."""
    return PROJECT / "notebooks" / language


def digest(text: str) -> str:
    """Return the first 16 digits of the sha256 of a text, by which a translator confirms it."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def chosen_language() -> str:
    """Return the language that COURSE_LANG names, by default that of the original.

    Raises:
        SystemExit: if there are no notebooks in that language.
    """
    language = os.environ.get("COURSE_LANG") or ORIGINAL
    if language not in LANGUAGES:
        raise SystemExit(
            f"There are no notebooks in COURSE_LANG={language}: set it to zh (Chinese) or en "
            "(English), or leave it out."
        )
    return language
