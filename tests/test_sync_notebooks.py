"""The English notebooks follow the Chinese ones, and say what waits for a translator."""

import copy
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from support.notebooks import code, notebook
from support.notebooks import prose as text

from course.notebooks import sync as sync_notebooks
from course.notebooks.languages import digest
from course.notebooks.sync import DIGEST, apply_source, main, own_work, stale

NAME = "07_train.ipynb"


CHINESE = notebook(
    text("title", "# 07　训练"),
    code("train", "train()", printed="0.47\n", execution_count=1, metadata={"tags": ["headline"]}),
    text("result", "分数是 `0.47`。"),
)
CHINESE.metadata["language_info"] = {"name": "x"}


def confirmed(identifier: str, english: str, chinese: str) -> NotebookNode:
    """A translated cell that a translator has confirmed."""
    return text(identifier, english, translated_from=digest(chinese), translated_to=digest(english))


ENGLISH = notebook(
    confirmed("title", "# 07 Training", "# 07　训练"),
    code("train", "train()", printed="0.45\n", execution_count=3),
    confirmed("result", "The score is `0.47`.", "分数是 `0.47`。"),
)


def sources(translation: NotebookNode) -> dict[str, str]:
    return {cell.id: cell.source for cell in translation.cells}


def with_text(original: NotebookNode, identifier: str, source: str) -> NotebookNode:
    """Copy a notebook, one of its cells with another text."""
    changed = copy.deepcopy(original)
    next(cell for cell in changed.cells if cell.id == identifier).source = source
    return changed


def test_code_outputs_counts_and_tags_are_the_original_s():
    assert apply_source(CHINESE, ENGLISH).cells[1] == CHINESE.cells[1]


def test_the_notebook_s_metadata_are_the_original_s():
    other = copy.deepcopy(ENGLISH)
    other.metadata["language_info"] = {"name": "x", "version": "3.11.9"}
    assert apply_source(CHINESE, other).metadata == CHINESE.metadata


def test_prose_has_the_original_s_tags_and_attachments():
    original = copy.deepcopy(CHINESE)
    original.cells[0].metadata["tags"] = ["slide"]
    original.cells[0].attachments = {"a.png": {"image/png": "AAAA"}}
    title = apply_source(original, ENGLISH).cells[0]
    assert title.metadata["tags"] == ["slide"]
    assert title.attachments == original.cells[0].attachments


def test_a_removed_cell_is_dropped():
    assert list(sources(apply_source(notebook(*CHINESE.cells[:2]), ENGLISH))) == ["title", "train"]


def test_cells_stand_in_the_original_s_order_with_their_own_prose():
    moved = apply_source(notebook(*reversed(CHINESE.cells)), ENGLISH)
    assert list(sources(moved)) == ["result", "train", "title"]
    assert sources(moved)["result"] == "The score is `0.47`."


def test_code_that_became_prose_is_empty():
    original = notebook(CHINESE.cells[0], text("train", "不训练了。"))
    assert sources(apply_source(original, ENGLISH))["train"] == ""


def test_a_digest_stays_what_it_was_when_the_original_changes():
    changed = with_text(CHINESE, "result", "分数是 `0.50`。")
    assert apply_source(changed, ENGLISH).cells[2].metadata[DIGEST] == digest("分数是 `0.47`。")


def test_the_original_and_the_old_translation_are_not_changed():
    before = copy.deepcopy((CHINESE, ENGLISH))
    apply_source(CHINESE, ENGLISH)
    assert before == (CHINESE, ENGLISH)


def test_nothing_is_unfinished_in_a_translation_of_today_s_text():
    assert stale(CHINESE, ENGLISH) == {}


def test_prose_whose_original_changed_is_named():
    changed = with_text(CHINESE, "result", "分数是 `0.50`。")
    reason = "the Chinese has changed since it was translated"
    assert stale(changed, ENGLISH) == {"result": reason}


def test_prose_that_was_changed_after_it_was_confirmed_is_named():
    turned = with_text(ENGLISH, "result", "The score is not `0.47`.")
    reason = "the English has changed since it was confirmed"
    assert stale(CHINESE, turned) == {"result": reason}
    assert stale(CHINESE, apply_source(CHINESE, turned)) == {"result": reason}


@pytest.mark.parametrize("english", ["", " \n"])
def test_empty_prose_is_named(english):
    assert stale(CHINESE, with_text(ENGLISH, "title", english)) == {"title": "not translated"}


def test_prose_that_nobody_confirmed_is_named():
    translation = copy.deepcopy(ENGLISH)
    del translation.cells[0].metadata[DIGEST]
    assert stale(CHINESE, translation) == {"title": "translated, not confirmed"}


@pytest.fixture
def folders(tmp_path, monkeypatch) -> tuple[Path, Path]:
    """The folders of both languages, with one notebook; the command works on them."""
    monkeypatch.setattr(sync_notebooks, "notebook_folder", lambda language: tmp_path / language)
    chinese, english = tmp_path / "zh", tmp_path / "en"
    chinese.mkdir()
    english.mkdir()
    nbformat.write(CHINESE, chinese / NAME)
    nbformat.write(ENGLISH, english / NAME)
    return chinese, english


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def test_the_command_writes_the_translation_and_names_what_is_unfinished(folders, capsys):
    chinese, english = folders
    nbformat.write(notebook(*CHINESE.cells, text("more", "还有")), chinese / NAME)
    assert main([]) == 0
    assert [cell.id for cell in read(english / NAME).cells] == ["title", "train", "result", "more"]
    assert capsys.readouterr().out == f"{NAME}: written\n  cell more: not translated\n"


def test_a_second_run_changes_nothing(folders, capsys):
    _, english = folders
    main([])
    before = (english / NAME).stat().st_mtime_ns
    capsys.readouterr()
    assert main([]) == 0
    assert (english / NAME).stat().st_mtime_ns == before
    assert capsys.readouterr().out == f"{NAME}: up to date\n"


def test_a_new_notebook_gets_a_translation_with_empty_prose(folders):
    chinese, english = folders
    nbformat.write(CHINESE, chinese / "08_new.ipynb")
    main([])
    assert sources(read(english / "08_new.ipynb")) == {
        "title": "",
        "train": "train()",
        "result": "",
    }


def test_an_original_without_exercises_is_not_touched(folders):
    chinese, _ = folders
    before = (chinese / NAME).read_bytes()
    main([])
    main(["--translated", "07"])
    assert (chinese / NAME).read_bytes() == before


def test_the_exercises_are_written_in_both_languages_and_need_no_translator(folders, capsys):
    chinese, _ = folders
    name = "03_preprocess.ipynb"
    nbformat.write(notebook(text("next", "**下一本**")), chinese / name)
    main([])
    shown = capsys.readouterr().out
    assert f"{name}: written\n  its quiz and its exercises: written" in shown
    assert "cell exercise" not in shown
    titles = [sources(read(folder / name))["exercises"].partition("\n")[0] for folder in folders]
    assert titles == ["## 练习", "## Exercises"]


def test_the_file_is_written_as_nbformat_writes_it(folders):
    _, english = folders
    main([])
    written = (english / NAME).read_bytes()
    nbformat.write(read(english / NAME), english / NAME)
    assert (english / NAME).read_bytes() == written


def test_a_translation_without_its_original_is_named_and_kept(folders, capsys):
    _, english = folders
    nbformat.write(ENGLISH, english / "05_old.ipynb")
    assert main([]) == 1
    assert (english / "05_old.ipynb").is_file()
    assert "05_old.ipynb has no Chinese original" in capsys.readouterr().out


def test_confirming_records_what_a_changed_cell_was_translated_from(folders, capsys):
    chinese, english = folders
    nbformat.write(with_text(CHINESE, "result", "分数是 `0.50`。"), chinese / NAME)
    assert main(["--translated", "07"]) == 0
    assert read(english / NAME).cells[2].metadata[DIGEST] == digest("分数是 `0.50`。")
    assert capsys.readouterr().out == f"{NAME}: written\n  cell result: confirmed\n"


def test_confirming_records_the_english_that_was_changed_alone(folders, capsys):
    _, english = folders
    nbformat.write(with_text(ENGLISH, "result", "It scores `0.47`."), english / NAME)
    main([])
    capsys.readouterr()
    assert main(["--translated", "07"]) == 0
    assert capsys.readouterr().out == f"{NAME}: written\n  cell result: confirmed\n"
    assert main([]) == 0
    assert capsys.readouterr().out == f"{NAME}: up to date\n"


def test_confirming_leaves_empty_prose_unfinished(folders, capsys):
    chinese, english = folders
    nbformat.write(with_text(CHINESE, "title", "# 07　训练模型"), chinese / NAME)
    main([])
    nbformat.write(with_text(read(english / NAME), "title", ""), english / NAME)
    capsys.readouterr()
    main(["--translated", "07"])
    assert read(english / NAME).cells[0].metadata[DIGEST] == digest("# 07　训练")
    assert capsys.readouterr().out == f"{NAME}: up to date\n  cell title: not translated\n"


def test_confirming_one_notebook_leaves_the_others(folders):
    chinese, english = folders
    for folder, cells in ((chinese, CHINESE.cells), (english, ENGLISH.cells)):
        nbformat.write(notebook(*cells), folder / "08_other.ipynb")
    nbformat.write(with_text(CHINESE, "title", "# 08　别的"), chinese / "08_other.ipynb")
    before = (english / "08_other.ipynb").read_bytes()
    main(["--translated", "07"])
    assert (english / "08_other.ipynb").read_bytes() == before


def test_only_the_notebook_that_is_named_is_brought_up_to_date(folders, capsys):
    chinese, _ = folders
    nbformat.write(CHINESE, chinese / "08_other.ipynb")
    assert main(["07"]) == 0
    assert capsys.readouterr().out == f"{NAME}: written\n"


@pytest.mark.parametrize(
    ("changed", "said"),
    [(["a.md", "b.md"], "a.md: confirmed\nb.md: confirmed\n"), ([], "up to date\n")],
)
def test_the_pages_are_confirmed_by_a_name_of_their_own(changed, said, monkeypatch, capsys):
    monkeypatch.setattr(sync_notebooks.pages, "confirm", lambda: changed)
    assert main(["--translated", "pages"]) == 0
    assert capsys.readouterr().out == said


def test_only_the_cells_that_are_named_are_confirmed():
    translation = copy.deepcopy(ENGLISH)
    original = with_text(with_text(CHINESE, "title", "# 07　改过"), "result", "也改过。")
    assert sync_notebooks.mark_translated(original, translation, ["result"]) == ["result"]
    assert set(stale(original, translation)) == {"title"}


def test_confirming_no_notebook_in_particular_is_refused(folders):
    with pytest.raises(SystemExit, match="Name the notebook that you have translated"):
        main(["--translated"])


def test_a_broken_translation_is_refused_by_name_and_kept(folders):
    _, english = folders
    (english / NAME).write_text("<<<<<<< HEAD\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=f"{NAME} is not a notebook: fix it"):
        main([])
    assert (english / NAME).read_text(encoding="utf-8") == "<<<<<<< HEAD\n"


@pytest.mark.parametrize("own", ["a new cell", "changed code"])
def test_what_somebody_wrote_into_the_translation_is_named_and_kept(folders, capsys, own):
    chinese, english = folders
    main([])
    translation = read(english / NAME)
    if own == "a new cell":
        translation.cells.append(code("my-cell", "print('mine')"))
    else:
        translation.cells[1].source = "train()  # mine"
    nbformat.write(translation, english / NAME)
    before = (english / NAME).read_bytes()
    nbformat.write(with_text(CHINESE, "train", "train(again=True)"), chinese / NAME)
    capsys.readouterr()
    assert main([]) == 1
    assert (english / NAME).read_bytes() == before
    cell = "my-cell" if own == "a new cell" else "train"
    shown = capsys.readouterr().out
    assert re.match(rf"{NAME}: not written, for the cells .*{cell} were", shown)
    assert f"git checkout notebooks/{english.name}/{NAME}" in shown


def test_code_that_is_the_original_s_is_nobody_s_own(folders):
    _, english = folders
    main([])
    translation = read(english / NAME)
    translation.cells.append(code("my-cell", "print('mine')"))
    assert own_work(CHINESE, translation) == ["my-cell"]


def test_code_that_changed_in_the_original_only_is_taken_over(folders):
    chinese, english = folders
    main([])
    nbformat.write(with_text(CHINESE, "train", "train(again=True)"), chinese / NAME)
    assert main([]) == 0
    assert sources(read(english / NAME))["train"] == "train(again=True)"
