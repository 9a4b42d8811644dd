"""`test` leaves nothing out: every light test, and every notebook in the original."""

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


def test_every_notebook_is_compared_and_those_that_train_one_by_one(runs, monkeypatch):
    monkeypatch.delenv("QUICK", raising=False)
    assert command.main(["test"]) == 0
    *_, light, training = runs
    assert compared(training) == set(command.TRAINING)
    assert compared(light) | compared(training) == NUMBERS
    assert "-n" in light
    assert "-n" not in training


def test_quick_leaves_out_the_notebooks_that_train_and_nothing_else(runs, monkeypatch):
    monkeypatch.setenv("QUICK", "1")
    assert command.main(["test"]) == 0
    assert compared(runs[-1]) == NUMBERS - set(command.TRAINING)


def test_every_light_test_is_run_after_the_linter(runs):
    command.main(["test"])
    check, layout, light, *_ = runs
    assert (check, layout) == (("ruff", "check"), ("ruff", "format", "--check"))
    assert {path for path in light if path.endswith(".py")} == set(
        map(str, (PROJECT / "tests").glob("test_*.py"))
    )


@pytest.mark.parametrize("failing", range(5))
def test_it_fails_if_any_part_fails(failing, monkeypatch, runs):
    monkeypatch.delenv("QUICK", raising=False)
    done = iter(range(5))
    monkeypatch.setattr(command, "run", lambda *_, **__: next(done) != failing)
    assert command.main(["test"]) == 1
