"""Start nbval's kernels in the course's environment, compare plots too, and keep files together."""

import pytest

from course.environment.kernel import prepare_kernel_environment
from course.notebooks.compare_pictures import compare_pictures_too
from course.test import group

prepare_kernel_environment()
compare_pictures_too()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Hand out files, and those that share something to the same process.

    The groups of pytest-xdist 3.8 do nothing under pytest 9.2 (pytest-xdist's issue 1386).
    """
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(super()._split_scope(nodeid))

    return Scheduling(config, log)
