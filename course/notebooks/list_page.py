"""A page that lists others: HTML that needs nothing else, light or dark, on any screen."""

import html
from collections.abc import Sequence

STYLE = """
:root { --accent: #0072b2; --line: #d0d7de; --shade: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --accent: #56b4e9; --line: #3d444d; --shade: #1b1e23; background: #131416; }
}
body { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem; }
body { font: 1rem/1.6 system-ui, sans-serif; }
h1 { font-size: 1.75rem; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.3rem; }
a { color: var(--accent); }
pre { padding: 0.5rem; overflow-x: auto; background: var(--shade); }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.95rem; }
th, td { padding: 0.4rem 0.75rem; text-align: left; vertical-align: top; }
thead { border-bottom: 1px solid var(--line); }
tbody tr:nth-child(even) { background: var(--shade); }
"""


def list_page(title: str, language: str, body: str) -> str:
    """Return the page.

    Args:
        title: its heading.
        language: the language of the title.
        body: what follows, in HTML.
    """
    title = html.escape(title)
    return (
        f"<!doctype html>\n<html lang='{language}'>\n<meta charset='utf-8'>\n"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>\n"
        f"<meta name='color-scheme' content='light dark'>\n<title>{title}</title>\n"
        f"<style>{STYLE}</style>\n<h1>{title}</h1>\n{body}\n</html>\n"
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in HTML.

    Args:
        header: the names of the columns, as text.
        rows: the cells of each row, in HTML.
    """
    head = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in header)
    lines = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    return (
        f"<div class='wide'><table><thead><tr>{head}</tr></thead>\n<tbody>"
        + "\n".join(lines)
        + "</tbody></table></div>"
    )
