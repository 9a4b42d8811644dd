"""On Colab or Kaggle, a first cell installs the course into the kernel that is there."""

import pytest

from course.environment import hosted
from course.environment.install import LOCKS

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
