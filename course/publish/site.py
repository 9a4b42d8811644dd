"""Make a website of the series, in build/site/."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from course.environment.npm import NpmError
from course.notebooks.languages import LANGUAGES, TITLES
from course.publish import try_page
from course.publish.browser_model import ModelError, load_model, write_browser_model
from course.publish.first_page import LANGUAGE_PAGE
from course.publish.site_pages import Pages, find_pages, write_pages
from course.publish.try_page import BrowserModel
from helpers.environment import PROJECT
from helpers.files import format_bytes, replaced_folder
from helpers.sources import SourceError

CONFIGURATION = PROJECT / "docs" / "site"
SOURCE = PROJECT / "build" / "site-source"
OUTPUT = PROJECT / "build" / "site"
# What Sphinx calls the languages.
LOCALES = {"zh": "zh_CN", "en": "en"}
NAMES = {"zh": "中文", "en": "English"}


def build(pages: Pages, source: Path, output: Path) -> None:
    """Make the pages of one language.

    Args:
        pages: the pages.
        source: a folder for what Sphinx reads, which must not have one for the language yet.
        output: the folder for the website, with one for each language.

    Raises:
        SystemExit: if Sphinx fails.
    """
    language = pages.language
    print(f"site: {NAMES[language]} (a minute or so)")
    shutil.copytree(CONFIGURATION, source / language)
    for name in ("try.css", "try.js"):
        shutil.copyfile(try_page.TEMPLATE / name, source / language / "static" / name)
    shutil.copyfile(PROJECT / "LICENSE", source / language / "static" / "LICENSE.txt")
    write_pages(pages, source / language)
    settings = {"language": LOCALES[language], "html_title": TITLES[language]}
    options = [option for name, value in settings.items() for option in ("-D", f"{name}={value}")]
    command = [sys.executable, "-m", "sphinx", "--quiet", "--builder=html", *options]
    folders = [source / f"{language}-doctrees", source / language, output / language]
    process = subprocess.run([*command, "--doctree-dir", *folders])
    if process.returncode:
        raise SystemExit("Sphinx could not make the website: it says why in its last lines above.")
    # myst-nb leaves copies of the notebooks next to it.
    shutil.rmtree(output / "jupyter_execute", ignore_errors=True)


def write_model(folder: Path | None, output: Path) -> BrowserModel | None:
    """Write the model that the website's readers may try; without npm or data, say why not.

    Args:
        folder: the learner's own model; None is that of notebook 07.
        output: the folder for the website.

    Raises:
        ModelError: if the learner's folder has no model for it.
    """
    try:
        model, tokenizer, own = load_model(folder)
        print("site: the model, for the browser (half a minute or so)")
        written = write_browser_model(model, tokenizer, own, output / try_page.FOLDER)
    except (NpmError, SourceError) as error:
        print(f"site: without the page to try the model: {error}")
        return None
    print(f"site: the page to try the model loads {format_bytes(written.size)}")
    return written


def make_site(source: Path, output: Path, model_folder: Path | None = None) -> None:
    """Make the website in both languages, and the page on which to choose one.

    Args:
        source: a folder for what Sphinx reads.
        output: the folder for the website.
        model_folder: the learner's own model to try; None is that of notebook 07.

    Raises:
        ModelError: if that folder has no model for the page.
    """
    model = write_model(model_folder, output)
    for language in LANGUAGES:
        build(find_pages(language, model), source, output)
    shutil.copyfile(LANGUAGE_PAGE, output / "index.html")


def main(arguments: Sequence[str] = ()) -> int:
    """Make the website again."""
    parser = argparse.ArgumentParser(prog="python -m course site", description=__doc__)
    parser.add_argument(
        "--model", type=Path, metavar="FOLDER", help="the model to try, in place of notebook 07's"
    )
    model_folder = parser.parse_args(arguments).model
    try:
        with replaced_folder(SOURCE) as source, replaced_folder(OUTPUT) as output:
            make_site(source, output, model_folder)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"site: {(OUTPUT / 'index.html').relative_to(PROJECT)}")
    return 0
