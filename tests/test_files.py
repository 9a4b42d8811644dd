"""A file is written whole or not at all, and told by its size and digest."""

import hashlib
from pathlib import Path

import pytest

from helpers.files import (
    format_bytes,
    git_blob_id,
    has_digest,
    replaced_folder,
    stays_inside,
    write_whole,
)


@pytest.mark.parametrize("content", ["评论\n", b"\x00\xff"])
def test_a_file_is_written_into_a_folder_that_was_not_there(tmp_path, content):
    path = tmp_path / "new" / "file"
    write_whole(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize("step", ["write_bytes", "replace"])
def test_a_stop_on_the_way_leaves_the_old_file_alone(tmp_path, monkeypatch, step):
    path = tmp_path / "file"
    path.write_text("old")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, step, stop)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert [*tmp_path.iterdir()] == [path]


def test_the_folders_above_a_new_one_are_made(tmp_path):
    with replaced_folder(tmp_path / "build" / "site") as folder:
        (folder / "index.html").touch()
    write_whole(tmp_path / "other" / "place" / "file", "text")
    assert (tmp_path / "build" / "site" / "index.html").is_file()
    assert (tmp_path / "other" / "place" / "file").read_text() == "text"


def test_others_may_read_what_was_written(tmp_path):
    (tmp_path / "usual").touch()
    write_whole(tmp_path / "file", "text")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0.0 MB"),
        (2_500_000, "2.5 MB"),
        (999_900_000, "999.9 MB"),
        (999_999_999, "1.0 GB"),
        (1_234e9, "1,234.0 GB"),
    ],
)
def test_a_size_is_written_for_people(size, text):
    assert format_bytes(size) == text


def test_a_git_id_is_the_one_that_git_gives():
    # As `git hash-object` prints it for a file that holds these bytes.
    assert git_blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_a_file_is_told_by_either_digest(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"hello\n")
    assert has_digest(path, hashlib.sha256(b"hello\n").hexdigest())
    assert has_digest(path, git_blob_id(b"hello\n"))
    assert not has_digest(path, hashlib.sha256(b"hello").hexdigest())
    assert not has_digest(path, git_blob_id(b"hello"))


@pytest.mark.parametrize("path", ["a", "a/b.txt", "a/.b", "...", "评论.txt", "a/b..c"])
def test_a_name_inside_a_folder_stays_inside_it(path):
    assert stays_inside(path)


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "/a", "a/../../b", "a/..", "\\a", "..\\a", "C:a", "C:\\a", "\\\\host\\a"],
)
def test_a_name_that_leaves_its_folder_on_any_system_does_not(path):
    assert not stays_inside(path)


def test_a_folder_takes_the_place_of_the_one_before_when_it_is_full(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.html").touch()
    with replaced_folder(tmp_path / "site") as folder:
        (folder / "new.html").touch()
        assert (tmp_path / "site" / "old.html").exists()
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["new.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_stop_on_the_way_leaves_the_old_folder_alone(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.html").touch()
    with pytest.raises(KeyboardInterrupt), replaced_folder(tmp_path / "site"):
        raise KeyboardInterrupt
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["old.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_folder_that_somebody_else_replaces_at_the_same_moment_is_replaced_again(
    tmp_path, monkeypatch
):
    rename = Path.rename

    def lose_the_race(path: Path, target: Path) -> Path:
        if path != tmp_path / "site" and not target.exists():
            monkeypatch.undo()
            target.mkdir()
            (target / "theirs.html").touch()
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", lose_the_race)
    with replaced_folder(tmp_path / "site") as folder:
        (folder / "mine.html").touch()
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["mine.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one_there(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.html").touch()
    rename = Path.rename

    def refuse_the_draft(path: Path, target: Path) -> Path:
        if (path / "new.html").exists():
            raise PermissionError
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse_the_draft)
    with pytest.raises(PermissionError), replaced_folder(tmp_path / "site") as folder:
        (folder / "new.html").touch()
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["old.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
