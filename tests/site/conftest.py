"""The slides and the website as folders of pages."""

from pathlib import Path

import pytest
from pages import Folder


@pytest.fixture(scope="session")
def slides(built_slides: Path) -> Folder:
    return Folder(built_slides)


@pytest.fixture(scope="session")
def site(built_site: Path) -> Folder:
    return Folder(built_site)
