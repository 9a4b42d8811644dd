"""Execute the notebooks into build/run/, with an HTML page of each."""

import copy
import html
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from course.environment.kernel import prepare_kernel_environment
from course.notebooks.execute import Execution, execute, find_notebooks
from course.notebooks.languages import TITLES, chosen_language, notebook_folder
from course.notebooks.list_page import list_page, table
from helpers.environment import PROJECT
from helpers.files import write_whole

OUTPUT = PROJECT / "build" / "run"
HEADLINE_TAG = "headline"
HEADER = {"zh": ["笔记本", "单元格", "秒", "内存峰值 MB", "结果"]}
DARK_THEME = "static/theme-dark.css"
BACK = {"zh": "← 全部笔记本", "en": "← all notebooks"}
# nbconvert's page, with lines that are not too long to read, a way back, and dark colours, of plots
# too, where the reader's system is dark.
PAGE = """{% extends 'lab/index.html.j2' %}
{% block html_head_css %}<style>
main, .back { box-sizing: border-box; max-width: 64rem; margin: 0 auto; }
.back { padding: 0.75rem 1rem 0; font-family: var(--jp-content-font-family); }
.jp-InputArea pre { white-space: pre-wrap !important; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) {
{{ resources.dark_theme }}
.jp-OutputArea img { filter: invert(0.92) hue-rotate(180deg); }
}
</style>{% endblock %}
{% block body_header %}{{ super() }}
<nav class="back"><a href="index.html">{{ resources.back }}</a></nav>{% endblock %}"""


def headline(execution: Execution) -> str:
    """Return the last line that the cell tagged `headline` printed: the main result."""
    for cell in execution.notebook.cells:
        if HEADLINE_TAG in cell.metadata.get("tags", []):
            printed = "".join(output.get("text", "") for output in cell.outputs)
            return printed.strip().splitlines()[-1].strip() if printed.strip() else ""
    return ""


def result(execution: Execution) -> str:
    """Return the result of a notebook: its headline, or the cell that failed."""
    if execution.failed_cell:
        return f"FAILED in cell {execution.failed_cell}: {execution.error}"
    return headline(execution)


def table_rows(executions: list[Execution]) -> list[list[str]]:
    """Return the closing table as rows of texts, the header first."""
    rows = [["notebook", "cells", "seconds", "peak MB", "result"]]
    for execution in executions:
        cells = sum(cell.cell_type == "code" for cell in execution.notebook.cells)
        peak = "-" if execution.peak_megabytes is None else str(execution.peak_megabytes)
        seconds = f"{execution.seconds:.1f}"
        rows.append([execution.path.stem, str(cells), seconds, peak, result(execution)])
    return rows


def table_text(rows: list[list[str]]) -> str:
    """Align the rows for a terminal: names to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for name, cells, seconds, peak, last in rows:
        numbers = [
            text.rjust(width)
            for text, width in zip((cells, seconds, peak), widths[1:], strict=True)
        ]
        lines.append("  ".join([name.ljust(widths[0]), *numbers, last]).rstrip())
    return "\n".join(lines)


def index_page(rows: list[list[str]], language: str, earlier: Sequence[str] = ()) -> str:
    """Return an HTML page with the closing table, which links each notebook.

    Args:
        rows: the closing table.
        language: that of the notebooks.
        earlier: the names of other pages in the folder, from runs before this one.
    """
    header, *body = rows
    linked = [[link(name), *map(html.escape, rest)] for name, *rest in body]
    links = "".join(f"<p>{link(name)}</p>" for name in earlier)
    listed = table(HEADER.get(language, header), linked) + links
    return list_page(TITLES[language], language, listed)


def link(name: str) -> str:
    """Return a link to the page of a notebook."""
    return f"<a href='{name}.html'>{name}</a>"


def with_alt_text(notebook: NotebookNode) -> NotebookNode:
    """Return a copy in which every picture is HTML with a text for those who cannot see it."""
    copied = copy.deepcopy(notebook)
    for cell in copied.cells:
        for output in cell.get("outputs", []):
            # nbconvert's own template would leave the text out.
            text = output.get("metadata", {}).get("image/png", {}).get("alt")
            if text and "image/png" in output.data:
                address = f"data:image/png;base64,{output.data['image/png'].strip()}"
                picture = f'<img alt="{html.escape(text)}" src="{address}">'
                output.data = nbformat.from_dict({"text/html": picture})
    return copied


def write_pages(execution: Execution, folder: Path, language: str) -> None:
    """Write the executed copy and its HTML page, which needs no network."""
    stem = execution.path.stem
    write_whole(folder / f"{stem}.ipynb", nbformat.writes(execution.notebook) + "\n")
    exporter = HTMLExporter(
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        widget_renderer_url="",
        mermaid_js_url="",
        language_code=language,
    )
    dark_theme, *_ = exporter.environment.loader.get_source(exporter.environment, DARK_THEME)
    exporter.raw_template = PAGE
    resources = {"metadata": {"name": stem}, "back": BACK[language], "dark_theme": dark_theme}
    page, _ = exporter.from_notebook_node(with_alt_text(execution.notebook), resources=resources)
    write_whole(folder / f"{stem}.html", page)


def main(arguments: Sequence[str] = ()) -> int:
    """Execute the notebooks of COURSE_LANG, or the chosen one; return 1 if a cell failed."""
    language = chosen_language()
    prepare_kernel_environment()
    notebooks = find_notebooks("".join(arguments[:1]), notebook_folder(language))
    OUTPUT.mkdir(parents=True, exist_ok=True)
    executions = []
    for path in notebooks:
        execution = execute(path, report=print_progress)
        write_pages(execution, OUTPUT, language)
        executions.append(execution)
    rows = table_rows(executions)
    earlier = {path.stem for path in OUTPUT.glob("[0-9]*.html")} - {path.stem for path in notebooks}
    write_whole(OUTPUT / "index.html", index_page(rows, language, sorted(earlier)))
    print_progress("")
    print(table_text(rows))
    print(f"pages: {(OUTPUT / 'index.html').relative_to(PROJECT)}")
    return int(any(execution.failed_cell for execution in executions))


def print_progress(line: str) -> None:
    """Show the progress of a run: a line that is overwritten, or new lines outside a terminal."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{line}", end="", flush=True)
    elif line:
        print(line)
