"""Make a website of the series, in build/site/."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from course.notebooks.languages import LANGUAGES, TITLES
from course.publish.site_pages import find_pages, write_pages
from helpers.environment import PROJECT
from helpers.files import replaced_folder

CONFIGURATION = PROJECT / "docs" / "site"
SOURCE = PROJECT / "build" / "site-source"
OUTPUT = PROJECT / "build" / "site"
# What Sphinx calls the languages.
LOCALES = {"zh": "zh_CN", "en": "en"}
NAMES = {"zh": "中文", "en": "English"}


def build(language: str, source: Path, output: Path) -> None:
    """Make the pages of one language.

    Args:
        language: `zh` or `en`.
        source: a folder for what Sphinx reads, which must not have one for the language yet.
        output: the folder for the website, with one for each language.

    Raises:
        SystemExit: if Sphinx fails.
    """
    print(f"site: {NAMES[language]} (a minute or so)", flush=True)
    shutil.copytree(CONFIGURATION, source / language)
    write_pages(find_pages(language), source / language)
    settings = {"language": LOCALES[language], "html_title": TITLES[language]}
    options = [option for name, value in settings.items() for option in ("-D", f"{name}={value}")]
    command = [sys.executable, "-m", "sphinx", "--quiet", "--builder=html", *options]
    folders = [source / f"{language}-doctrees", source / language, output / language]
    process = subprocess.run([*command, "--doctree-dir", *folders])
    if process.returncode:
        raise SystemExit("Sphinx could not make the website: it says why in its last lines above.")
    # myst-nb leaves copies of the notebooks next to it.
    shutil.rmtree(output / "jupyter_execute", ignore_errors=True)


def index_page() -> str:
    """Return the page to choose a language on."""
    links = "".join(
        f"<li><a href='{language}/index.html' lang='{language}'>{NAMES[language]}: "
        f"{TITLES[language]}</a></li>"
        for language in LANGUAGES
    )
    return (
        "<!doctype html><html lang='zh'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'><meta name='color-scheme' "
        f"content='light dark'><title>{TITLES['zh']}</title>"
        "<style>body{font:1.2em/1.8 sans-serif;margin:2em}</style>"
        f"<h1>{TITLES['zh']}</h1><ul>{links}</ul></html>\n"
    )


def make_site(source: Path, output: Path) -> None:
    """Make the website in both languages, and the page that links them.

    Args:
        source: a folder for what Sphinx reads.
        output: the folder for the website.
    """
    for language in LANGUAGES:
        build(language, source, output)
    (output / "index.html").write_text(index_page(), encoding="utf-8")


def main(arguments: Sequence[str] = ()) -> int:
    """Make the website again."""
    with replaced_folder(SOURCE) as source, replaced_folder(OUTPUT) as output:
        make_site(source, output)
    print(f"site: {(OUTPUT / 'index.html').relative_to(PROJECT)}")
    return 0
