"""The slides and the website, made once for all the tests here."""

import pytest
from pages import Folder

from course.publish.site import make_site
from course.publish.slides import make_slides


@pytest.fixture(scope="session")
def slides(tmp_path_factory) -> Folder:
    folder = tmp_path_factory.mktemp("built") / "slides"
    make_slides(folder)
    return Folder(folder)


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Folder:
    folder = tmp_path_factory.mktemp("built")
    make_site(folder / "source", folder / "site")
    return Folder(folder / "site")
