"""How Sphinx makes the website: course/publish/site.py gives it the pages and the language."""

import re

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

project = "fine-tuning-notebooks"
extensions = ["myst_nb"]
exclude_patterns = ["files"]
myst_heading_anchors = 4
# The outputs are those stored in the notebooks.
nb_execution_mode = "off"
# By default the scripts of widgets come from elsewhere.
nb_ipywidgets_js: dict[str, dict] = {}

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["course.css"]
html_js_files = ["from_disk.js"]
templates_path = ["templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "language.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
# The words of the theme for which Sphinx has no Chinese.
locale_dirs = ["locale"]

# A run of Chinese characters, or of others that make a word.
RUN = re.compile(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff]+")
OTHER_LANGUAGE = {
    "en": {"code": "zh", "name": "中文"},
    "zh_CN": {"code": "en", "name": "English"},
}
# What the page to try the model may load: files of the website, and what it makes itself.
NO_REQUEST = (
    "default-src 'self' file: data: blob: 'unsafe-inline' 'unsafe-eval'; "
    "connect-src 'none'; form-action 'self' file:"
)


class SearchChinese(SearchEnglish):
    """Search Chinese by pairs of neighbouring characters, which needs no list of words.

    A query of several characters finds the pages that have all of its pairs.
    """

    # The rest is as for English, whose stemmer is named by `language_name`.
    lang = "zh"
    # What a query is split into, in the reader's browser.
    js_splitter_code = r"""
var splitQuery = (query) => {
  const runs = query.match(/[\u3400-\u9fff]+|(?:(?![\u3400-\u9fff])[\p{Letter}\p{Number}_])+/gu);
  const pairs = (run) => [...run].slice(1).map((sign, place) => run[place] + sign);
  return (runs || []).flatMap((run) => (/[\u3400-\u9fff]{2}/.test(run) ? pairs(run) : [run]));
};
"""

    def split(self, text: str) -> list[str]:
        """Return what a page is found by: words, Chinese characters and pairs of them."""
        found = []
        for run in RUN.findall(text):
            is_chinese = "\u3400" <= run[0] <= "\u9fff"
            pairs = [run[place : place + 2] for place in range(len(run) - 1)]
            found += [*run, *pairs] if is_chinese else [run]
        return found


def name_other_language(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """Tell the template of a page where the same page is in the other language."""
    other = OTHER_LANGUAGE[app.config.language]
    root = "../" * (pagename.count("/") + 1)
    address = f"{root}{other['code']}/{pagename}{app.builder.link_suffix}"
    context["other_language"] = {**other, "address": address}


def add_scripts(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """Add what runs the model to the page on which to try it, and forbid it to send anything."""
    if pagename == "try":
        app.add_css_file("try.css")
        app.add_js_file("try.js")
        context["metatags"] += (
            f'<meta http-equiv="Content-Security-Policy" content="{NO_REQUEST}">'
            # Else the browser asks the server for one.
            '<link rel="icon" href="data:,">'
        )


def setup(app: Sphinx) -> None:
    """Add all this to Sphinx."""
    app.add_search_language(SearchChinese)
    app.connect("html-page-context", name_other_language)
    app.connect("html-page-context", add_scripts)
