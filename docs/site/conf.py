"""How Sphinx makes the website: course/publish/site.py gives it the pages and the language."""

import html
import json
import re
from pathlib import Path

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

BLUE, LIGHT_BLUE = "#0072b2", "#56b4e9"
# How long a description of a page is at most.
DESCRIPTION = 160

project = "fine-tuning-notebooks"
extensions = ["myst_nb", "sphinx_copybutton"]
# What a cell prints is there to be read.
copybutton_selector = "div.highlight pre:not(.cell_output pre)"
exclude_patterns = ["files"]
myst_heading_anchors = 4
# The outputs are those stored in the notebooks.
nb_execution_mode = "off"
# By default the scripts of widgets come from elsewhere.
nb_ipywidgets_js: dict[str, dict] = {}

html_theme = "furo"
html_favicon = "static/favicon.svg"
html_theme_options = {
    # The blues of helpers/plots.py.
    "light_css_variables": {
        "color-brand-primary": BLUE,
        "color-brand-content": BLUE,
        "color-code-background": "#f6f8fa",
    },
    "dark_css_variables": {
        "color-brand-primary": LIGHT_BLUE,
        "color-brand-content": LIGHT_BLUE,
        "color-code-background": "#1b1e23",
    },
}
pygments_style = "github-light-high-contrast"
pygments_dark_style = "github-dark-high-contrast"
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
        context["metatags"] += f'<meta http-equiv="Content-Security-Policy" content="{NO_REQUEST}">'


def describe(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    """Describe a page by its first paragraph, as search engines show it."""
    paragraph = doctree and next(doctree.findall(nodes.paragraph), None)
    if paragraph:
        text = " ".join(paragraph.astext().split())
        text = text if len(text) <= DESCRIPTION else text[: DESCRIPTION - 1] + "…"
        context["metatags"] += f'<meta name="description" content="{html.escape(text)}">'


def write_page_texts(app: Sphinx, exception: Exception | None) -> None:
    """Write what the search shows of the pages into a script, which a page from disk may load."""
    if exception:
        return
    texts = {}
    for path in sorted(Path(app.outdir).glob("*.html")):
        article = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").article
        for tag in article.select("script, style, .headerlink"):
            tag.decompose()
        for tag in article.find_all(True):
            if tag.name != "section":
                tag.unwrap()
        texts[path.name] = str(article)
    script = f"const PAGE_TEXTS = {json.dumps(texts, ensure_ascii=False)};\n"
    (Path(app.outdir) / "_static" / "page_texts.js").write_text(script, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Add all this to Sphinx."""
    app.add_search_language(SearchChinese)
    app.connect("html-page-context", name_other_language)
    app.connect("html-page-context", add_scripts)
    app.connect("html-page-context", describe)
    app.connect("build-finished", write_page_texts)
