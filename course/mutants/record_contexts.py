"""A plug-in of pytest that tells coverage which test runs, in this process and in its children."""

import os
from collections.abc import Iterator

import coverage
import pytest

CHILDREN = "COVERAGE_PROCESS_CONFIG"


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Name the context after the test while it runs; what is imported before has no name."""
    measured = coverage.Coverage.current()
    name = item.nodeid.partition("[")[0]
    measured.switch_context(name)
    config = measured.config
    config.context = name
    os.environ[CHILDREN] = config.serialize()
    config.context = None
    yield
    measured.switch_context("")
