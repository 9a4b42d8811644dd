"""`clean` removes what the commands can make again, and nothing that people made."""

import pytest

from course import clean


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(clean, "PROJECT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "build/site",
        "build/run",
        "build/python-3.13",
        "build/.site.0a1b2c3d",
        "build/.slides.0a1b2c3d.earlier",
        ".ruff_cache",
        "data/hf/modules",
    ],
)
def test_what_a_command_makes_again_is_removed_and_named(project, capsys, name):
    (project / name).mkdir(parents=True)
    clean.main([])
    assert not (project / name).exists()
    left = "left    data/hf\n" if name.startswith("data/hf") else ""
    assert capsys.readouterr().out == f"removed {name}\n{left}"


def test_what_python_has_compiled_is_removed_but_for_what_is_installed(project, capsys):
    for name in ("course/hub", ".venv/lib"):
        (project / name / "__pycache__").mkdir(parents=True)
    assert clean.main([]) == 0
    assert not (project / "course" / "hub" / "__pycache__").exists()
    assert (project / ".venv" / "lib" / "__pycache__").exists()
    assert capsys.readouterr().out == "left    .venv\n"


def test_the_list_is_in_order(project, capsys):
    for name in ("build/site", "build/lock", ".ruff_cache", "data/models", "build/grade"):
        (project / name).mkdir(parents=True)
    clean.main([])
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == [
        ".ruff_cache",
        "build/lock",
        "build/site",
        "build/grade",
        "data/models",
    ]


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
