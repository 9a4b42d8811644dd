"""`test` leaves nothing out: every light test, and every notebook in the original."""

import os
import re
import subprocess
import sys
from unittest.mock import Mock

import pytest

from course import test as command
from course.notebooks.execute import find_notebooks
from helpers.environment import PROJECT

NUMBERS = {path.name[:2] for path in find_notebooks()}


@pytest.fixture
def runs(monkeypatch) -> list[tuple[str, ...]]:
    """The arguments of each module that would have been run, and succeeded."""
    found = []

    def run(python: str, *arguments: str, **variables: str) -> bool:
        found.append(arguments)
        return True

    monkeypatch.setattr(command, "run", run)
    monkeypatch.setattr(command.answers, "write_copies", lambda paths: paths)
    return found


def compared(arguments: tuple[str, ...]) -> set[str]:
    assert "--nbval" in arguments
    return {path.rpartition("/")[2][:2] for path in arguments if path.endswith(".ipynb")}


def test_every_notebook_is_compared_two_at_a_time(runs, monkeypatch):
    monkeypatch.delenv("QUICK", raising=False)
    assert command.main(["test"]) == 0
    assert compared(runs[-1]) == NUMBERS
    options = " ".join(runs[-1][: -len(NUMBERS)])
    assert options == (
        "pytest -q --durations=5 --nbval --nbval-current-env --nbval-cell-timeout=900 "
        "-n 2 --dist loadfile --no-loadscope-reorder"
    )


def test_what_reads_the_model_of_notebook_07_is_compared_after_it_in_the_same_process(runs):
    assert command.main(["test"]) == 0
    order = [path for path in runs[-1] if path.endswith(".ipynb")]
    readers = {
        str(path) for path in find_notebooks() if "load_finetuned" in path.read_text("utf-8")
    }
    assert [path for path in order if command.group(path) == "07_"] == order[:3]
    assert {order[0], *readers} == set(order[:3])


def test_files_with_nothing_in_common_may_run_side_by_side():
    assert command.group("tests/site/test_decks.py") != command.group("tests/site/test_website.py")
    assert command.group("tests/test_x.py") != command.group("tests/hub/test_x.py")


def test_pytest_hands_out_files_by_these_groups(tmp_path):
    (tmp_path / "conftest.py").symlink_to(PROJECT / "conftest.py")
    for name in ("decks", "presenting", "other", "another"):
        test = "def test_{}(worker_id):\n    print('ran in', worker_id)\n" * 5
        cells = test.format(*"abcde")
        (tmp_path / f"test_{name}.py").write_text(cells)
    options = ("-v", "-p", "no:cacheprovider", *command.PAIRS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
    )
    found = re.findall(r"\[(gw\d)\].*PASSED test_(\w+)\.py", done.stdout)
    assert len(found) == 20, done.stdout
    workers = {name: {worker for worker, file in found if file == name} for _, name in found}
    assert workers["decks"] == workers["presenting"]
    assert all(len(used) == 1 for used in workers.values())
    assert len(set.union(*workers.values())) == 2


def test_quick_leaves_out_the_notebooks_that_train_and_nothing_else(runs, monkeypatch):
    monkeypatch.setenv("QUICK", "1")
    assert command.main(["test"]) == 0
    assert compared(runs[-1]) == NUMBERS - set(command.TRAINING)


def test_every_light_test_is_run_after_the_linter(runs):
    command.main(["test"])
    check, layout, light, *_ = runs
    assert (check, layout) == (("ruff", "check"), ("ruff", "format", "--check"))
    options = "pytest -q --durations=5 -n 2 --dist loadfile"
    tests = sorted(str(path) for path in (PROJECT / "tests").glob("test_*.py"))
    assert light == (*options.split(" "), *tests)


@pytest.mark.parametrize(("code", "passed"), [(0, True), (1, False)])
def test_a_module_runs_in_the_project_s_folder_with_its_variables(code, passed, monkeypatch):
    called = Mock(return_value=code)
    monkeypatch.setattr(command.subprocess, "call", called)
    assert command.run("python", "pytest", "-q", ONE="1") == passed
    variables = {**os.environ, "ONE": "1"}
    called.assert_called_once_with(["python", "-m", "pytest", "-q"], cwd=PROJECT, env=variables)


@pytest.mark.parametrize("failing", range(4))
def test_it_fails_if_any_part_fails(failing, monkeypatch, runs):
    monkeypatch.delenv("QUICK", raising=False)
    done = iter(range(4))
    monkeypatch.setattr(command, "run", lambda *_, **__: next(done) != failing)
    assert command.main(["test"]) == 1


def test_a_python_that_is_not_here_is_left_out_and_the_others_are_tried(runs, monkeypatch, capsys):
    monkeypatch.setattr(command.install, "supported_versions", lambda: [(3, 11), (3, 99)])
    monkeypatch.setattr(command.install, "find_version", {(3, 11): "python"}.get)
    monkeypatch.setattr(command.install, "prepare_environment", lambda *_: "there")
    assert command.main(["test-pythons"]) == 0
    assert compared(runs[-2]) == NUMBERS - set(command.TRAINING)
    assert runs[-1] == ("pytest", "-q", "tests/pythons")
    printed = capsys.readouterr().out.splitlines()
    assert printed == [
        "",
        "Python 3.11: there",
        "Python 3.99: not on this machine, left out",
        "Python 3.11: passed",
    ]


@pytest.mark.parametrize("failing", range(3))
def test_one_python_that_fails_fails_the_command(failing, monkeypatch, runs, capsys):
    done = iter(range(3))
    monkeypatch.setattr(command, "run", lambda *_, **__: next(done, None) != failing)
    monkeypatch.setattr(command.install, "supported_versions", lambda: [(3, 11)])
    monkeypatch.setattr(command.install, "find_version", lambda _: "python")
    monkeypatch.setattr(command.install, "prepare_environment", lambda *_: "there")
    assert command.main(["test-pythons"]) == 1


@pytest.mark.parametrize("name", command.FOLDERS)
def test_a_folder_of_tests_gets_the_options_and_what_it_needs(name, runs, monkeypatch):
    needed = []
    monkeypatch.setattr(command, "require_chromium", lambda: needed.append("chromium"))
    monkeypatch.setattr(command.install, "prepare", needed.append)
    monkeypatch.setenv("QUICK", "1")
    assert command.main([name, "-x"]) == 0
    [arguments] = runs
    how = {"test-own": "", "test-demo": "", "test-grading": "-n 2 "}
    folder = name.replace("test-", "tests/").replace("browser", "site tests/browser")
    assert " ".join(arguments) == (
        f"pytest -q --durations=5 -m not slow -x {how.get(name, '-n 2 --dist loadfile ')}{folder}"
    )
    assert needed == {"test-browser": ["chromium"], "test-faults": ["grade"]}.get(name, [])
