"""Copy reveal.js, which shows the slides, from the package that contains it."""

import hashlib
import importlib.resources
from pathlib import Path

PACKAGE = "sphinx_revealjs"
# The sha256 of each file of reveal.js 5.2.1, the same as in the npm package.
DIGESTS = {
    "LICENSE": "34014800f4126ac2525e224166f099f26628612e95c41f76d70841b63138c989",
    "dist/reveal.css": "68f915a11ebf7203c0446576b7e952ff61c5dd02134a8a226ffaf62ed42136d2",
    "dist/reveal.js": "46538b52db48724192f59bf46f5e851a18e302777c46f4a34c32709d010d6a29",
    "plugin/notes/notes.js": "df1201d19d03241a2897d39c3d38768177df1cbd4bde06327b321cb83461ae89",
}


def copy_reveal(folder: Path) -> None:
    """Copy the files of reveal.js that the decks need.

    Args:
        folder: the folder to copy into; it is made if it does not exist.

    Raises:
        SystemExit: if the package is not installed, or its files are not those of 5.2.1.
    """
    try:
        source = importlib.resources.files(PACKAGE) / "_static" / "revealjs"
    except ModuleNotFoundError:
        raise SystemExit(
            "reveal.js is not installed: run 'python -m course slides', which installs it."
        ) from None
    for name, digest in DIGESTS.items():
        content = (source / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise SystemExit(
                f"{name} is not that of reveal.js 5.2.1: install the sphinx-revealjs that "
                "pyproject.toml pins, or put the new one's digest into course/publish/reveal.py."
            )
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
