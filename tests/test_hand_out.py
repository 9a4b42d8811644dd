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
