"""`clean` removes what the commands can make again, and nothing that people made."""

import pytest

from course import clean


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(clean, "PROJECT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "name",
    ["build/site", "build/run", "build/python-3.13", "build/.site.0a1b2c3d", ".ruff_cache"],
)
def test_what_a_command_makes_again_is_removed_and_named(project, capsys, name):
    (project / name).mkdir(parents=True)
    clean.main([])
    assert not (project / name).exists()
    assert capsys.readouterr().out == f"removed {name}\n"


@pytest.mark.parametrize(
    "name",
    [
        "build/run-1/model",
        "build/assignments/en",
        "build/grade-1",
        "build/.secret.12345678",
        "data/hf/hub",
        "data/models/x",
    ],
)
def test_what_people_made_or_fetched_is_left_and_named(project, capsys, name):
    (project / name).mkdir(parents=True)
    clean.main([])
    assert (project / name).is_dir()
    left = capsys.readouterr().out.removeprefix("left    ").strip()
    assert left
    assert (project / name).is_relative_to(project / left)
