"""What all the tests share: how hypothesis searches, and the embedded source."""

import pytest
from hypothesis import settings

from helpers.sources import Source, get_source

# The same examples in every run: a failure here is a failure everywhere.
settings.register_profile("course", max_examples=30, deadline=None, derandomize=True)
settings.load_profile("course")


@pytest.fixture(scope="session")
def source() -> Source:
    return get_source("embedded")
