"""Start nbval's kernels in the course's environment, compare plots too, and keep cells together."""

import pytest

from course.environment.kernel import prepare_kernel_environment
from course.notebooks.compare_pictures import compare_pictures_too
from course.test import group

prepare_kernel_environment()
compare_pictures_too()


# Before pytest-xdist reads the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one process run the cells of a notebook in order."""
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker(pytest.mark.xdist_group(group(item.path)))
