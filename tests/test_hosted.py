"""On Colab or Kaggle, a first cell installs the course into the kernel that is there."""

import runpy
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from course.environment import hosted
from course.environment.install import LOCKS, requirements

OTHER_NUMPY = "2.3.5"


def test_a_package_that_is_good_enough_is_kept():
    lines, kept = hosted.constraints({"numpy": OTHER_NUMPY, "torch": "2.9.1+cu126"})
    assert kept == ["numpy", "torch"]
    assert {f"numpy=={OTHER_NUMPY}", "torch==2.9.1+cu126"} <= set(lines)


@pytest.mark.parametrize("installed", [{"numpy": "1.26.4"}, {"platformdirs": "4.0.0"}])
def test_pip_may_replace_another_package_where_it_must(installed):
    lines, kept = hosted.constraints(installed)
    assert kept == []
    assert not any(line.startswith(f"{next(iter(installed))}==") for line in lines)


def test_everything_else_is_as_locked():
    lines, _ = hosted.constraints({})
    assert lines == (LOCKS / "course.txt").read_text(encoding="utf-8").splitlines()[1:]


def test_a_package_in_use_is_known():
    assert "pytest" in hosted.loaded_packages()
    assert "nbgrader" not in hosted.loaded_packages()
    assert hosted.installed_versions()["pytest"] == pytest.__version__


@pytest.mark.parametrize(
    ("after", "last"),
    [
        ({"scipy": "1.1", "tqdm": "1"}, "Ready."),
        (
            {"scipy": "9", "tqdm": "2", "idle": "2"},
            "Restart the kernel, then run this cell again: scipy, tqdm was in use.",
        ),
    ],
)
def test_it_says_what_is_kept_and_whether_to_restart(after, last, monkeypatch, capsys):
    versions = iter([{"scipy": "1.1", "tqdm": "1", "idle": "1", "gone": "1"}, after])
    held = []

    def call(command):
        options = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint"]
        assert command[: len(options)] == options
        held.extend(Path(command[len(options)]).read_text("utf-8").splitlines())
        wanted = command[len(options) + 1 :]
        assert wanted == [pin for pin in requirements() if not pin.startswith("scipy==")]

    monkeypatch.setattr(hosted, "installed_versions", lambda: next(versions))
    monkeypatch.setattr(hosted, "loaded_packages", lambda: {"tqdm", "scipy", "gone"})
    monkeypatch.setattr(hosted.subprocess, "call", call)
    hosted.main()
    said = ["Installing what is missing; kept: scipy.", last]
    assert capsys.readouterr().out.splitlines() == said
    assert "scipy==1.1" in held


@pytest.mark.parametrize(("name", "runs"), [("__main__", 1), ("hosted", 0)])
def test_it_installs_only_where_it_is_run(name, runs, monkeypatch):
    called = Mock(return_value=1)
    monkeypatch.setattr(hosted.subprocess, "call", called)
    monkeypatch.setattr(sys, "path", [*sys.path])
    runpy.run_path(hosted.__file__, run_name=name)
    assert called.call_count == runs


def test_that_pip_failed_is_said_last(monkeypatch, capsys):
    monkeypatch.setattr(hosted, "installed_versions", dict)
    monkeypatch.setattr(hosted.subprocess, "call", lambda command: 1)
    hosted.main()
    assert capsys.readouterr().out.splitlines() == [
        "Installing what is missing; kept: nothing.",
        "pip could not install it and says why above: start a new runtime, try again.",
    ]
