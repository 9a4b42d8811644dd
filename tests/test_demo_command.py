"""What `demo` says of itself and of a port it cannot have; it needs no Gradio for that."""

import os
import socket
import subprocess
import sys
from unittest.mock import Mock

import pytest

from course.serve import demo
from course.serve.demo import DemoError, listen, main, parse_arguments
from helpers.environment import PROJECT
from helpers.sources import SourceError


@pytest.fixture
def taken_port():
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.fixture
def with_gradio(monkeypatch):
    monkeypatch.setattr(demo.importlib.util, "find_spec", lambda name: name)


def test_a_taken_port_gives_one_sentence_with_the_way_out(taken_port, with_gradio, capsys):
    assert main(["--port", str(taken_port)]) == 1
    assert capsys.readouterr().err == (
        f"Port {taken_port} cannot be used (Address already in use): pass another one, "
        f"as in python -m course demo --port {taken_port + 1}.\n"
    )


def test_another_port_is_named_also_past_the_last_one(monkeypatch):
    def refuse(address: tuple[str, int]) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(demo.socket, "create_server", refuse)
    for port, other in {80: 7860, 7860: 7861, 65_535: 7860}.items():
        with pytest.raises(DemoError, match=rf"Permission denied\).*--port {other}\."):
            listen(port)


def test_it_listens_on_loopback_only():
    with listen(0) as listener:
        host, port = listener.getsockname()
    assert host == "127.0.0.1"
    assert port > 0


def test_an_answer_is_sent_without_waiting_for_its_headers_to_be_acknowledged():
    with listen(0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("port", ["65536", "-1", "http", "7860.5"])
def test_a_port_that_there_is_not_is_refused(port, capsys):
    with pytest.raises(SystemExit):
        parse_arguments([f"--port={port}"])
    assert f"{port!r} is not a port: pass a number up to 65535" in capsys.readouterr().err


def test_the_last_port_is_one():
    assert parse_arguments(["--port=65535"]).port == 65535
    assert parse_arguments([]).port == 7860


@pytest.mark.parametrize(
    ("error", "code", "out", "err"),
    [
        (None, 0, "", ""),
        (KeyboardInterrupt(), 0, "\nStopped.\n", ""),
        (DemoError("no model"), 1, "", "no model\n"),
        (SourceError("no data"), 1, "", "no data\n"),
    ],
)
def test_its_end_is_one_line_and_an_exit_code(
    error, code, out, err, with_gradio, monkeypatch, capsys
):
    monkeypatch.setattr(demo, "serve", Mock(side_effect=error))
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "True")
    assert main(["--port=0"]) == code
    assert capsys.readouterr() == (out, err)
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"


def test_without_gradio_it_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr(demo.importlib.util, "find_spec", lambda name: None)
    assert main([]) == 1
    assert capsys.readouterr().err == (
        "Gradio is not installed in this Python: run 'python -m course demo'.\n"
    )


def test_help_names_the_port_it_takes(capsys):
    with pytest.raises(SystemExit) as end:
        parse_arguments(["--help"])
    assert end.value.code == 0
    assert "--port PORT" in capsys.readouterr().out


def test_importing_it_loads_neither_gradio_nor_pytorch():
    code = (
        "import sys, course.serve.demo; print({'gradio', 'torch', 'datasets'} & sys.modules.keys())"
    )
    child = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True
    )
    assert child.stdout == "set()\n", child.stderr
