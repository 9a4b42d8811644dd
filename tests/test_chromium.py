"""The browser tests find a browser, or say what to install."""

import pytest

from course.environment import chromium


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A machine on which only the named programs are installed."""

    def programs(*names: str):
        for name in names:
            (tmp_path / name).write_text("#!/bin/sh\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return tmp_path

    return programs


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_chromium_and_chrome_are_found_by_their_usual_names(name, programs):
    folder = programs(name)
    assert chromium.find_chromium() == str(folder / name)
    chromium.require_chromium()


def test_without_a_browser_it_says_what_to_install(programs):
    programs()
    with pytest.raises(SystemExit, match="sudo apt-get install chromium fonts-noto-cjk"):
        chromium.require_chromium()
