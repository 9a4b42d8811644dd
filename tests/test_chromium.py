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
    assert chromium.main() == 0


def test_without_a_browser_and_without_debian_it_says_what_to_install(programs, capsys):
    programs()
    assert chromium.main() == 1
    message = capsys.readouterr().err
    assert "sudo apt-get install chromium fonts-noto-cjk" in message
    assert message.count("\n") == 1


def test_on_debian_only_root_installs(programs, monkeypatch):
    programs("apt-get")
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(chromium, "install", lambda: pytest.fail("it may not install"))
    assert chromium.main() == 1


def test_as_root_on_debian_it_installs_what_is_missing(programs, monkeypatch):
    programs("apt-get")
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 0)
    monkeypatch.setattr(chromium, "install", lambda: programs("chromium"))
    assert chromium.main() == 0
