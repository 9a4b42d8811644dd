"""The language in which a learner is spoken to: that of the notebook."""

import os
from pathlib import Path

LANGUAGES = ("zh", "en")


def spoken_languages() -> tuple[str, ...]:
    """Return the language of the notebook that runs; both where it is not known.

    Jupyter and VS Code start a notebook's kernel in its folder, which is named after the language.
    An assignment lies elsewhere: there COURSE_LANG decides, if it is set.
    """
    for name in (Path.cwd().name, os.environ.get("COURSE_LANG")):
        if name in LANGUAGES:
            return (name,)
    return LANGUAGES


def say(chinese: str, english: str, *languages: str) -> str:
    """Return a text in the language of the notebook; one below the other where it is not known.

    Args:
        chinese: the text in Chinese.
        english: the same in English.
        languages: those to use in place of the notebook's.
    """
    texts = {"zh": chinese, "en": english}
    return "\n".join(texts[language] for language in languages or spoken_languages())
