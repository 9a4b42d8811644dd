import os
import re
from pathlib import Path
from unittest.mock import Mock

import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode
from support.notebooks import code, in_each_language, notebook, prose

from course.notebooks import run as run_notebooks
from course.notebooks import update as update_notebooks
from course.notebooks.closing_cells import OwnWorkError
from course.notebooks.execute import Execution, execute, find_notebooks
from course.notebooks.languages import chosen_language
from course.notebooks.run import headline, index_page, table_rows, table_text, write_pages
from course.notebooks.update import changes
from course.serve import lab
from helpers.environment import PROJECT

FETCHED = re.compile(
    r"""<(?:script|link|img|iframe)[^>]*(?:src|href)\s*=\s*["']?(?:https?:)?//"""
    r"""|(?:@import|import\s[^;]*from|import\(|url\()\s*["']?(?:https?:)?//""",
    re.IGNORECASE,
)


HEADLINE = {"tags": ["headline"]}


def write(folder: Path, name: str, *cells: NotebookNode) -> Path:
    nbformat.write(notebook(*cells), folder / name)
    return folder / name


def silent(_: str) -> None:
    pass


@pytest.fixture(autouse=True)
def environment(monkeypatch) -> None:
    """The commands set variables: set them first, so that they are set back after the test."""
    for name in ["TQDM_DELAY", "PYTHONPATH", "HF_HUB_OFFLINE"]:
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.delenv("COURSE_LANG", raising=False)


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Execution:
    folder = tmp_path_factory.mktemp("good")
    path = write(
        folder,
        "00_good.ipynb",
        prose("title", "# Title $x^2$"),
        code("set-x", "x = 3", printed="old", execution_count=9),
        code("show-x", "print(x)\nx + 1"),
        code("result", "print('first')\nprint('x is 3')", metadata=HEADLINE),
    )
    return execute(path, report=silent)


@pytest.fixture(scope="module")
def bad(tmp_path_factory) -> Execution:
    folder = tmp_path_factory.mktemp("bad")
    path = write(
        folder,
        "01_bad.ipynb",
        code("fine", "print('fine')"),
        code("divide", "1 / 0"),
        code("after", "print('after')", printed="old"),
    )
    return execute(path, report=silent)


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        (None, ["00_a", "01_b", "10_c"]),
        ("", ["00_a", "01_b", "10_c"]),
        ("01", ["01_b"]),
        ("10_c", ["10_c"]),
    ],
)
def test_notebooks_are_found_in_order_or_by_their_number(tmp_path, choice, names):
    for name in ("10_c.ipynb", "00_a.ipynb", "01_b.ipynb", "draft.ipynb", "02_notes.md"):
        (tmp_path / name).touch()
    assert [path.stem for path in find_notebooks(choice, tmp_path)] == names


def test_an_unknown_notebook_is_refused_with_the_known_numbers(tmp_path):
    for name in ("00_a.ipynb", "01_b.ipynb"):
        (tmp_path / name).touch()
    with pytest.raises(SystemExit, match=r"no notebook '07': pass one of 00, 01\."):
        find_notebooks("07", tmp_path)


def test_cells_are_executed_in_order_and_numbered(good):
    cells = [cell for cell in good.notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == [1, 2, 3]
    assert [output.output_type for output in cells[1].outputs] == ["stream", "execute_result"]
    assert good.failed_cell is None


def test_old_outputs_do_not_survive(good):
    assert good.notebook.cells[1].outputs == []


def test_executing_adds_no_cell(good):
    assert [cell.id for cell in good.notebook.cells] == ["title", "set-x", "show-x", "result"]


def test_executing_does_not_change_the_file(good):
    assert nbformat.read(good.path, as_version=4).cells[1].execution_count == 9


def test_the_progress_names_every_cell_before_it_runs(tmp_path):
    lines = []
    path = write(tmp_path, "00_a.ipynb", prose("t", "text"), code("one", "1"), code("two", "2"))
    execute(path, report=lines.append)
    assert lines == ["00_a: cell 1 of 2 (one)", "00_a: cell 2 of 2 (two)"]


def test_the_kernel_works_in_the_notebook_s_folder(tmp_path):
    path = write(tmp_path, "00_a.ipynb", code("folder", "import os; print(os.getcwd())"))
    assert execute(path, report=silent).notebook.cells[0].outputs[0].text.strip() == str(tmp_path)


def test_the_peak_memory_is_the_kernel_s_and_counts_what_it_held_and_let_go(tmp_path):
    held = np.ones(80_000_000)  # 640 MB in this process; a kernel needs about 60
    path = write(tmp_path, "00_a.ipynb", code("hold", "x = b'1' * 300_000_000\ndel x"))
    assert 300 < execute(path, report=silent).peak_megabytes < 600
    del held


def test_a_failing_cell_is_named_with_its_error(bad):
    assert bad.failed_cell == "divide"
    assert bad.error == "ZeroDivisionError: division by zero"


def test_nothing_runs_after_a_failing_cell(bad):
    assert bad.notebook.cells[0].outputs[0].text == "fine\n"
    assert bad.notebook.cells[2].outputs == []


def test_a_kernel_that_dies_is_named_with_its_cell_and_has_no_peak_memory(tmp_path):
    path = write(tmp_path, "00_a.ipynb", code("die", "import os; os._exit(1)"))
    execution = execute(path, report=silent)
    assert (execution.failed_cell, execution.peak_megabytes) == ("die", None)
    assert "died" in execution.error


def test_the_headline_is_the_last_line_of_the_tagged_cell(good):
    assert headline(good) == "x is 3"


@pytest.mark.parametrize(
    "cell", [code("plain", "1"), code("quiet", "1", metadata=HEADLINE), prose("t", "x")]
)
def test_without_a_tagged_line_the_headline_is_empty(cell):
    assert headline(Execution(Path("00_a.ipynb"), notebook(cell), 0.0, 1)) == ""


def test_the_table_has_a_row_of_numbers_and_the_result_for_each_notebook(good, bad):
    header, first, second = table_rows([good, bad])
    assert header == ["notebook", "cells", "seconds", "peak MB", "result"]
    assert (first[0], first[1], first[4]) == ("00_good", "3", "x is 3")
    assert float(first[2]) > 0
    assert int(first[3]) > 0
    assert second[4] == "FAILED in cell divide: ZeroDivisionError: division by zero"


def test_the_table_shows_a_dash_where_the_kernel_died():
    dead = Execution(Path("00_a.ipynb"), notebook(), 1.25, None, "die", "Kernel died")
    assert table_rows([dead])[1] == ["00_a", "0", "1.2", "-", "FAILED in cell die: Kernel died"]


def test_the_columns_of_the_table_are_aligned():
    rows = [
        ["notebook", "cells", "seconds", "peak MB", "result"],
        ["07_long_name", "9", "1.0", "80", ""],
    ]
    assert table_text(rows).splitlines() == [
        "notebook      cells  seconds  peak MB  result",
        "07_long_name      9      1.0       80",
    ]


def test_the_index_links_every_notebook_and_escapes_its_result():
    rows = [
        ["notebook", "cells", "seconds", "peak MB", "result"],
        ["00_a", "1", "2", "3", "<b> & 1 < 2"],
    ]
    body = index_page(rows, "en", ["98_b", "99_c"]).partition("</style>\n")[2]
    assert body == (
        "<h1>Introduction to fine-tuning models</h1>\n<div class='wide'><table><thead><tr>"
        + "".join(f"<th scope='col'>{name}</th>" for name in rows[0])
        + "</tr></thead>\n<tbody><tr><td><a href='00_a.html'>00_a</a></td><td>1</td><td>2</td>"
        "<td>3</td><td>&lt;b&gt; &amp; 1 &lt; 2</td></tr></tbody></table></div>"
        "<p><a href='98_b.html'>98_b</a></p><p><a href='99_c.html'>99_c</a></p>\n</html>\n"
    )


def test_in_a_terminal_a_line_of_progress_is_overwritten(monkeypatch, capsys):
    for line in ("01", ""):
        run_notebooks.print_progress(line)
    assert capsys.readouterr().out == "01\n"
    monkeypatch.setattr(run_notebooks.sys.stdout, "isatty", lambda: True)
    for line in ("01", ""):
        run_notebooks.print_progress(line)
    assert capsys.readouterr().out == "\r\x1b[K01\r\x1b[K"


def test_a_page_leads_back_to_the_index(good, tmp_path):
    write_pages(good, tmp_path, "en")
    page = (tmp_path / "00_good.html").read_text(encoding="utf-8")
    assert '<a href="index.html">← all notebooks</a>' in page


def test_the_pages_ask_nothing_of_the_network(good, tmp_path):
    write_pages(good, tmp_path, "en")
    page = (tmp_path / "00_good.html").read_text(encoding="utf-8")
    assert "x is 3" in page
    assert FETCHED.findall(page) == []
    assert FETCHED.findall(index_page(table_rows([good]), "en")) == []


@in_each_language
def test_the_pages_say_which_language_they_are_in(good, tmp_path, language):
    write_pages(good, tmp_path, language)
    page = (tmp_path / "00_good.html").read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in page
    assert f"<html lang='{language}'>" in index_page(table_rows([good]), language)


def test_a_page_is_dark_where_the_reader_s_system_is(good, tmp_path):
    write_pages(good, tmp_path, "en")
    page = (tmp_path / "00_good.html").read_text(encoding="utf-8")
    light, _, dark = page.partition("@media (prefers-color-scheme: dark)")
    assert "--jp-layout-color0: white;" in light
    assert "--jp-layout-color0: #111;" in dark.partition("</style>")[0]


def test_a_picture_in_a_page_has_its_alternative_text(tmp_path):
    picture = nbformat.v4.new_output(
        "display_data",
        data={"image/png": "AAAA\n", "text/plain": "<Image>"},
        metadata={"image/png": {"alt": 'Loss "falls" (plot: loss < 1)'}},
    )
    plots = notebook(code("plot", "show()", outputs=[picture]))
    write_pages(Execution(tmp_path / "00_a.ipynb", plots, 0.0, 1), tmp_path, "en")
    [image] = re.findall(r"<img[^>]*>", (tmp_path / "00_a.html").read_text(encoding="utf-8"))
    assert "alt='Loss \"falls\" (plot: loss &lt; 1)'" in image
    assert 'src="data:image/png;base64,AAAA"' in image


def test_the_executed_copy_has_the_outputs(good, tmp_path):
    write_pages(good, tmp_path, "en")
    copy = nbformat.read(tmp_path / "00_good.ipynb", as_version=4)
    assert copy.cells[3].outputs[0].text == "first\nx is 3\n"


def use(monkeypatch, *paths: Path) -> None:
    """Let the commands find these notebooks."""
    for module in (run_notebooks, update_notebooks):
        monkeypatch.setattr(module, "find_notebooks", lambda *_: list(paths))


@pytest.fixture
def output(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(run_notebooks, "PROJECT", tmp_path)
    monkeypatch.setattr(run_notebooks, "OUTPUT", tmp_path / "run")
    return tmp_path / "run"


def test_a_run_writes_a_page_of_each_notebook_and_an_index(output, good, monkeypatch, capsys):
    use(monkeypatch, good.path)
    assert run_notebooks.main() == 0
    assert {path.name for path in output.iterdir()} == {
        "index.html",
        "00_good.html",
        "00_good.ipynb",
    }
    printed_lines = capsys.readouterr().out.splitlines()
    assert printed_lines[-2].startswith("00_good")
    assert printed_lines[-2].endswith("x is 3")
    assert printed_lines[-1] == "pages: run/index.html"


@pytest.mark.parametrize(("chosen", "language"), [("", "zh"), ("zh", "zh"), ("en", "en")])
def test_a_run_executes_the_notebooks_of_the_chosen_language(
    output, good, monkeypatch, chosen, language
):
    monkeypatch.setenv("COURSE_LANG", chosen)
    books = {PROJECT / "notebooks" / language: [good.path]}
    monkeypatch.setattr(run_notebooks, "find_notebooks", lambda _, folder: books[folder])
    assert run_notebooks.main() == 0
    assert f"<html lang='{language}'>" in (output / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("arguments", "choice"), [([], ""), (["03"], "03"), (["03", "x"], "03")])
def test_a_run_is_of_the_notebook_that_comes_first(output, good, monkeypatch, arguments, choice):
    books = {choice: [good.path]}
    monkeypatch.setattr(run_notebooks, "find_notebooks", lambda wanted, _: books[wanted])
    assert run_notebooks.main(arguments) == 0


def test_a_run_of_one_notebook_keeps_the_pages_of_another_and_links_them(output, good, monkeypatch):
    output.mkdir()
    (output / "99_old.html").touch()
    (output / "notes.txt").write_text("mine")
    use(monkeypatch, good.path)
    run_notebooks.main()
    assert (output / "notes.txt").read_text() == "mine"
    assert "href='99_old.html'" in (output / "index.html").read_text(encoding="utf-8")


def test_a_run_with_a_failing_cell_names_it_runs_the_rest_and_exits_with_1(
    output, good, bad, monkeypatch, capsys
):
    use(monkeypatch, bad.path, good.path)
    assert run_notebooks.main() == 1
    printed_text = capsys.readouterr().out
    assert "FAILED in cell divide: ZeroDivisionError: division by zero" in printed_text
    assert "x is 3" in printed_text
    assert (output / "00_good.html").is_file()


def test_an_update_stores_outputs_and_shows_what_changed(tmp_path, monkeypatch, capsys):
    path = write(
        tmp_path,
        "00_a.ipynb",
        code("same", "print('same')", printed="same\n"),
        code("number", "print(4)", printed="3\n"),
    )
    use(monkeypatch, path)
    assert update_notebooks.update() == 0
    stored = nbformat.read(path, as_version=4)
    assert [cell.outputs[0].text for cell in stored.cells] == ["same\n", "4\n"]
    assert capsys.readouterr().out.endswith(
        "00_a.ipynb: outputs changed\n  cell number\n    -3\n    +4\n"
    )


@pytest.mark.parametrize(("failed", "unfinished"), [(0, 0), (1, 0), (0, 1)])
def test_after_an_update_the_picture_and_the_translation_follow(
    failed, unfinished, tmp_path, monkeypatch
):
    sync = Mock(return_value=unfinished)
    monkeypatch.setattr(update_notebooks, "update", {"07": failed}.get)
    monkeypatch.setattr(update_notebooks, "PICTURE", tmp_path / "picture.png")
    monkeypatch.setattr(update_notebooks, "stored_picture", lambda: b"new")
    monkeypatch.setattr(update_notebooks.sync, "main", sync)
    assert update_notebooks.main(["07", "x"]) == max(failed, unfinished)
    sync.assert_called_once_with(["07"])
    assert (tmp_path / "picture.png").read_bytes() == b"new"


def test_a_second_update_changes_nothing(tmp_path, monkeypatch, capsys):
    path = write(tmp_path, "00_a.ipynb", code("number", "print(4)"))
    use(monkeypatch, path)
    update_notebooks.update()
    before = path.read_bytes()
    update_notebooks.update()
    assert path.read_bytes() == before
    assert capsys.readouterr().out.endswith("00_a.ipynb: the same outputs\n")


def test_an_update_stores_nothing_of_the_machine_or_the_clock(tmp_path, monkeypatch):
    shown = {update_notebooks.WIDGET: {"model_id": "1"}, "text/plain": "box"}
    path = write(
        tmp_path,
        "00_a.ipynb",
        code("number", "print(4)"),
        code("box", f"display({shown}, raw=True)"),
    )
    use(monkeypatch, path)
    update_notebooks.update()
    stored = nbformat.read(path, as_version=4)
    assert stored.metadata == update_notebooks.METADATA
    assert [cell.metadata for cell in stored.cells] == [{}, {}]
    [output] = stored.cells[1].outputs
    assert (output.data, output.metadata) == ({"text/plain": "box"}, {"widget": True})


def test_an_update_keeps_a_notebook_that_fails_as_it_was_and_exits_with_1(
    tmp_path, monkeypatch, capsys
):
    bad = write(tmp_path, "00_a.ipynb", code("new", "print(1)"), code("divide", "1 / 0"))
    good = write(tmp_path, "01_b.ipynb", code("number", "print(4)"))
    before = bad.read_bytes()
    use(monkeypatch, bad, good)
    assert update_notebooks.update() == 1
    assert bad.read_bytes() == before
    assert nbformat.read(good, as_version=4).cells[0].outputs[0].text == "4\n"
    message = "00_a.ipynb: not stored, cell divide: ZeroDivisionError: division by zero\n"
    assert message in capsys.readouterr().out


def test_an_update_leaves_a_notebook_with_somebody_s_answers_and_exits_with_1(
    tmp_path, monkeypatch, capsys
):
    paths = [
        write(tmp_path, name, code("number", "print(4)")) for name in ("00_a.ipynb", "01.ipynb")
    ]
    before = paths[0].read_bytes()

    def refuse_the_first(notebook, name, language):
        if name == "00_a":
            raise OwnWorkError("00_a has answers")

    use(monkeypatch, *paths)
    monkeypatch.setattr(update_notebooks, "write_closing", refuse_the_first)
    assert update_notebooks.update() == 1
    assert paths[0].read_bytes() == before
    assert nbformat.read(paths[1], as_version=4).cells[0].outputs[0].text == "4\n"
    assert "00_a has answers\n" in capsys.readouterr().out


def test_a_notebook_that_is_saved_while_it_runs_is_kept_and_the_rest_is_updated(
    tmp_path, monkeypatch, capsys
):
    path = tmp_path / "00_a.ipynb"
    saved = f"from pathlib import Path; Path({str(path)!r}).write_text('saved')"
    write(tmp_path, path.name, code("save", saved))
    other = write(tmp_path, "01_b.ipynb", code("number", "print(4)"))
    use(monkeypatch, path, other)
    assert update_notebooks.update() == 1
    assert path.read_text() == "saved"
    assert nbformat.read(other, as_version=4).cells[0].outputs[0].text == "4\n"
    assert "not stored, for it was saved while it ran" in capsys.readouterr().out


def test_changes_are_the_differing_lines_under_the_id_of_their_cell():
    before = notebook(code("a", "", printed="one\ntwo\nthree\n"), code("b", "", printed="b\n"))
    after = notebook(code("a", "", printed="one\n2\nthree\n"), code("b", "", printed="b\n"))
    assert changes(before, after) == ["  cell a", "    -two", "    +2"]


def test_the_outputs_of_a_new_cell_are_changes():
    after = notebook(code("new", "", printed="x\n"))
    assert changes(notebook(), after) == ["  cell new", "    +x"]


def test_a_changed_table_is_a_change_and_a_changed_picture_is_not():
    def shown(table: str, picture: str) -> NotebookNode:
        data = {"text/html": table, "text/plain": "<object at 0x1>"}
        outputs = [
            nbformat.v4.new_output("display_data", data=data),
            nbformat.v4.new_output("display_data", data={"image/png": picture}),
        ]
        return notebook(code("show", "", outputs=outputs))

    assert changes(shown("<i>1</i>", "AAAA"), shown("<i>1</i>", "BBBB")) == []
    assert changes(shown("<i>1</i>", "A"), shown("<i>2</i>", "A"))[1:] == [
        "    -<i>1</i>",
        "    +<i>2</i>",
    ]


@pytest.mark.parametrize("command", [run_notebooks.main, lab.main, chosen_language])
def test_an_unknown_language_is_refused_with_the_known_ones(monkeypatch, command):
    monkeypatch.setenv("COURSE_LANG", "fr")
    with pytest.raises(SystemExit, match=r"COURSE_LANG=fr: set it to zh \(Chinese\) or en"):
        command()
