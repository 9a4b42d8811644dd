"""The pictures of JupyterLab, the slides and the website show what there is now."""

import pytest

from tools.kernel_environment import PROJECT
from tools.pictures import CELLS, KEPT, digest, kept_digest

PAGES = [PROJECT / name for name in ("README.md", "docs/teaching.md")]

each_picture = pytest.mark.parametrize("name", CELLS)


@each_picture
def test_a_picture_is_as_new_as_what_it_shows(name):
    assert kept_digest(KEPT / f"{name}.png") == digest(name), "run 'make pictures'"


@each_picture
def test_every_picture_is_used(name):
    assert any(f"images/{name}.png)" in page.read_text(encoding="utf-8") for page in PAGES)


def test_two_pictures_differ():
    assert len({digest(name) for name in CELLS}) >= len(CELLS) - 1
