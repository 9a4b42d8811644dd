import importlib.metadata
import re

import pytest

from course.environment.lock import PROJECT, constraints_text, environment_text, pinned_requirements

PINS = dict(requirement.split("==") for requirement in pinned_requirements())


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def constraints() -> dict[str, str]:
    text = (PROJECT / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {normalized(name): version for name, version in (line.split("==") for line in lines)}


def test_every_direct_dependency_is_pinned_to_one_version():
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", pin) for pin in pinned_requirements())


def test_the_conda_environment_is_the_one_of_pyproject():
    assert (PROJECT / "environment.yml").read_text(encoding="utf-8") == environment_text()


def test_the_conda_environment_has_every_pin_and_the_python():
    lines = [line.strip("- ") for line in environment_text().splitlines()]
    assert "python=3.11" in lines
    assert [line for line in lines if "==" in line] == pinned_requirements()


@pytest.mark.parametrize("name", PINS)
def test_every_pin_is_among_the_constraints(name):
    assert constraints()[normalized(name)] == PINS[name]


@pytest.mark.parametrize("name", PINS)
def test_the_installed_version_is_the_pinned_one(name):
    assert importlib.metadata.version(name).split("+")[0] == PINS[name]


def test_the_constraints_name_each_package_once_without_build_tags_or_paths():
    text = (PROJECT / "constraints.txt").read_text(encoding="utf-8")
    lines = text.splitlines()[1:]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.!]+", line)] == []
    assert len(constraints()) == len(lines)


def test_the_constraints_leave_out_this_project():
    assert "fine-tuning-notebooks" not in constraints()


def test_a_local_build_tag_is_left_out_of_the_constraints(monkeypatch):
    frozen = "numpy==2.4.6\ntorch==2.13.0+cpu\n"
    answer = type("Answer", (), {"stdout": frozen})
    monkeypatch.setattr("course.environment.lock.subprocess.run", lambda *_, **__: answer)
    assert constraints_text().splitlines()[1:] == ["numpy==2.4.6", "torch==2.13.0"]
