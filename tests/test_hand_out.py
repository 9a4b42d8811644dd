"""Assignments are written into a folder in which somebody may have worked."""

from pathlib import Path

import pytest

from course.classroom import assignments
from course.classroom.assignments import hand_out


@pytest.fixture
def handed_out(tmp_path) -> Path:
    new = tmp_path / "new" / "03.ipynb"
    new.parent.mkdir()
    new.write_text("version 1")
    assert hand_out([new], tmp_path / "out") == []
    new.write_text("version 2")
    return tmp_path / "out" / "03.ipynb"


def test_an_assignment_that_nobody_changed_is_brought_up_to_date(handed_out, tmp_path):
    assert hand_out([tmp_path / "new" / "03.ipynb"], handed_out.parent) == []
    assert handed_out.read_text() == "version 2"


def test_what_somebody_wrote_into_an_assignment_or_beside_it_stays(handed_out, tmp_path):
    handed_out.write_text("my answers")
    (handed_out.parent / "notes.txt").write_text("my notes")
    assert hand_out([tmp_path / "new" / "03.ipynb"], handed_out.parent) == ["03.ipynb"]
    assert handed_out.read_text() == "my answers"
    assert (handed_out.parent / "notes.txt").read_text() == "my notes"


@pytest.mark.parametrize("record", [None, "{"], ids=["missing", "damaged"])
def test_without_its_record_everything_in_the_folder_stays(record, handed_out, tmp_path):
    path = handed_out.parent / assignments.RECORD
    path.unlink() if record is None else path.write_text(record)
    assert hand_out([tmp_path / "new" / "03.ipynb"], handed_out.parent) == ["03.ipynb"]
    assert handed_out.read_text() == "version 1"


def test_the_command_names_what_stays(handed_out, tmp_path, monkeypatch, capsys):
    (tmp_path / "new" / "04.ipynb").write_text("version 1")
    monkeypatch.setattr(assignments, "PROJECT", tmp_path)
    monkeypatch.setattr(assignments, "OUTPUT", handed_out.parent)
    monkeypatch.setattr(assignments, "assignment_names", lambda: ["03", "04"])
    monkeypatch.setattr(assignments, "open_course", lambda _: "course")
    monkeypatch.setattr(assignments, "release", lambda _, name: tmp_path / "new" / f"{name}.ipynb")
    handed_out.write_text("my answers")
    assert assignments.main() == 0
    folder, path = handed_out.parent.name, Path(handed_out.parent.name, "03.ipynb")
    assert capsys.readouterr().out.splitlines() == [
        f"{path} has been changed, and stays: rename it to get a new one",
        f"1 notebooks without solutions and hidden tests: {folder}",
    ]
    assert handed_out.read_text() == "my answers"
    assert handed_out.with_name("04.ipynb").read_text() == "version 1"
