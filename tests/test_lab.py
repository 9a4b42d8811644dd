"""`python -m course lab`: who can reach it, and what it asks of others."""

import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyter_server.auth.identity import IdentityProvider, PasswordIdentityProvider
from support.notebooks import in_each_language
from support.running_lab import running_lab, start

from course.notebooks.languages import notebook_folder
from course.serve import lab


def refusal(home: Path, *options: str) -> str:
    """The last line that the command writes before it ends by itself."""
    process = start(home, list(options))
    try:
        _, errors = process.communicate(timeout=120)
    finally:
        # One that was not refused must not go on serving.
        process.kill()
        process.wait()
    assert process.returncode == 1
    return errors.strip().splitlines()[-1]


@in_each_language
def test_it_opens_the_chosen_language_with_the_other_beside_it(monkeypatch, language):
    monkeypatch.setenv("COURSE_LANG", language)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "mine")
    started = []
    monkeypatch.setattr(lab.CourseLab, "launch_instance", started.append)
    lab.main(["--no-browser"])
    assert started == [
        [
            f"--notebook-dir={notebook_folder(language).parent}",
            f"--ContentsManager.preferred_dir={language}",
            f"--LabApp.default_url=/lab/tree/{language}/00_quickstart.ipynb",
            "--no-browser",
        ]
    ]
    searched = os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert searched == [str(lab.CONFIGURATION), "mine"]


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_an_address_on_loopback_is_fine(address):
    assert lab.is_loopback(address)


@pytest.mark.parametrize("address", ["", "*", "0.0.0.0", "::", "192.168.1.10", "class.example"])
def test_any_other_address_is_not(address):
    assert not lab.is_loopback(address)


def test_an_option_that_opens_it_to_other_machines_is_refused_with_the_way_out(tmp_path):
    message = refusal(tmp_path, "--ip=0.0.0.0", "--port=8765")
    assert message.startswith("The course's JupyterLab listens on this machine only")
    assert message.endswith("ssh -L 8765:127.0.0.1:8765 this-machine.")


@pytest.mark.parametrize(
    "provider",
    [
        PasswordIdentityProvider(token=""),
        PasswordIdentityProvider(hashed_password="argon2:made-up"),
        # It may let anybody in.
        IdentityProvider(),
    ],
    ids=["no token", "a password in its place", "another provider"],
)
def test_a_server_that_may_answer_without_its_token_is_refused(provider):
    server = SimpleNamespace(ip="127.0.0.1", identity_provider=provider)
    with pytest.raises(SystemExit, match=r"^The course's JupyterLab asks for a token"):
        lab.refuse_strangers(server)


def test_it_is_jupyterlab_for_the_server_and_no_extension_of_its_own():
    assert lab.CourseLab.get_extension_package() == "jupyterlab"


def test_a_configuration_that_takes_the_token_away_is_refused_with_the_way_out(tmp_path):
    configuration = tmp_path / "JUPYTER_CONFIG_DIR" / "jupyter_server_config.py"
    configuration.parent.mkdir()
    configuration.write_text("c.IdentityProvider.token = ''\n", encoding="utf-8")
    assert refusal(tmp_path).endswith("set JUPYTER_CONFIG_DIR to an empty folder.")


def test_it_listens_on_loopback_and_answers_with_its_token_only(tmp_path):
    with running_lab(tmp_path) as running:
        assert running.status() == 403
        assert running.status("another") == 403
        assert running.status(running.token) == 200
        # A server that listens on every address would answer on this one too.
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.2", running.port), timeout=2)
