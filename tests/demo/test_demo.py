"""The demo as a person starts it: a real server in a process of its own, asked over loopback."""

import contextlib
import dataclasses
import http.client
import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from support.commands import command_here

from course.doctor import version_of
from course.environment.install import LOCKS
from course.environment.kernel import prepare_kernel_environment
from helpers.environment import PROJECT
from helpers.levels import LEVELS
from helpers.saved_model import load_finetuned
from helpers.scoring import score

gradio_client = pytest.importorskip(
    "gradio_client", reason="'python -m course test-demo' installs Gradio"
)

JSON = {"Content-Type": "application/json"}
ASK = "There is no text to score: type a sentence, such as 'A moving film.'"
LONG = "The text is long: only its first 512 tokens were read."

# Python imports it at start-up; from then on every address that is asked for is written down.
RECORDER = """
import sys

def record(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        host = arguments[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    with open({path!r}, "a", encoding="utf-8") as file:
        print(event, host, file=file)

sys.addaudithook(record)
"""


@dataclass(frozen=True)
class Demo:
    """A running demo.

    Attributes:
        address: the page's address.
        client: asks as a program would.
        process: the server.
        uploads: where Gradio would keep what is uploaded.
        connections: the file of what it connected to.
    """

    address: str
    client: "gradio_client.Client"
    process: psutil.Process
    uploads: Path
    connections: Path

    def answer(self, text: str) -> tuple[dict[str, float], str]:
        """Return the probability of each level, and the remarks."""
        label, remarks = self.client.predict(text, api_name="/score")
        rows = label.get("confidences", [])
        return {row["label"]: row["confidence"] for row in rows}, remarks

    def status(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> int:
        """Return the status of the answer to a request."""
        host, port = self.address.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        with contextlib.closing(connection):
            # A server may answer before it has read all of a request.
            with contextlib.suppress(ConnectionError):
                connection.request("POST" if body else "GET", f"/{path}", body, headers or {})
            return connection.getresponse().status

    def fetch(self, path: str) -> tuple[dict[str, str], str]:
        """Return the headers and the text of one of its files."""
        with urllib.request.urlopen(f"{self.address}/{path}", timeout=60) as response:
            return dict(response.headers), response.read().decode()


@contextlib.contextmanager
def running_demo(
    environment: Mapping[str, str] = os.environ,
) -> Iterator[tuple[str, subprocess.Popen]]:
    """The demo in a process of its own, on a free port: the page's address, and the process."""
    command = [*command_here("demo"), "--port", "0"]
    process = subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            for line in process.stdout:
                if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                    yield address[0], process
                    return
            pytest.fail("The demo did not start; its own message is above.")
        finally:
            process.kill()


@contextlib.contextmanager
def recording(folder: Path) -> Iterator[tuple[dict[str, str], Path]]:
    """Give the environment of a process whose connections are written down, and the file."""
    path = folder / "connections.txt"
    path.touch()
    (folder / "sitecustomize.py").write_text(RECORDER.format(path=str(path)), encoding="utf-8")
    prepare_kernel_environment()
    yield os.environ | {"PYTHONPATH": str(folder)}, path


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[Demo]:
    """The demo with the model of notebook 07, which it trains where it is not on the disk."""
    uploads = tmp_path_factory.mktemp("uploads")
    with (
        recording(tmp_path_factory.mktemp("demo")) as (environment, connections),
        running_demo(environment | {"GRADIO_TEMP_DIR": str(uploads)}) as (address, process),
    ):
        client = gradio_client.Client(address, verbose=False)
        yield Demo(address, client, psutil.Process(process.pid), uploads, connections)


@pytest.fixture(scope="module")
def finetuned(source, demo):
    """The same model in this process; it is on the disk once the demo runs."""
    return load_finetuned(source)


@pytest.mark.parametrize(
    "text",
    ["A moving film.", "Two hours of noise. " * 40, "🎉 wow", "这部电影很好看", "<b>Great</b>"],
    ids=["sentence", "review", "emoji", "Chinese", "HTML"],
)
def test_the_page_says_what_the_model_says(demo, finetuned, text):
    probabilities, remarks = demo.answer(text)
    expected = score(*finetuned, text)
    assert probabilities == pytest.approx(expected.probabilities, abs=1e-4)
    assert set(probabilities) == set(LEVELS)
    assert remarks == expected.remarks


def test_the_model_is_a_trained_one(demo):
    good, bad = (demo.answer(text)[0] for text in ("A wonderful film.", "A terrible film."))
    assert good["very positive"] + good["positive"] > 0.5
    assert bad["very negative"] + bad["negative"] > 0.5


@pytest.mark.parametrize("text", ["", " \n ", "\u200b"], ids=ascii)
def test_without_a_text_it_asks_for_one(demo, text):
    assert demo.answer(text) == ({}, ASK)


def test_of_ten_thousand_words_it_says_how_much_was_read(demo):
    probabilities, remarks = demo.answer("good film " * 5_000)
    assert sum(probabilities.values()) == pytest.approx(1)
    assert remarks == LONG


def test_a_megabyte_is_answered(demo):
    assert demo.answer("good film " * 100_000)[1] == LONG


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '<img src="x" onerror="alert(1)">', "[a](javascript:b)"]
)
def test_nothing_that_was_typed_comes_back(demo, text):
    answer = json.dumps(demo.client.predict(text, api_name="/score"))
    assert not re.search(r"[<>]|alert|javascript", answer)


def test_many_at_once_get_the_answers_that_one_gets(demo):
    texts = [f"A film of {number} hours." for number in range(16)]
    alone = [demo.answer(text) for text in texts]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(demo.answer, texts))
    for (one, _), (other, _) in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


@pytest.mark.parametrize("name", ["evil.example", "evil.example:7860", "127.0.0.1.evil.org", ""])
def test_a_page_that_leads_its_own_name_to_this_machine_is_refused(demo, name):
    assert demo.status("", headers={"Host": name}) == 400


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "localhost:8888"])
def test_it_answers_to_its_own_names(demo, name):
    assert demo.status("", headers={"Host": name}) == 200


@pytest.mark.parametrize("size", [1, 1_000_000, 50_000_000])
def test_no_file_can_be_left_on_this_machine(demo, size):
    form = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    form += b"a" * size + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Origin": "http://evil.example"}
    assert demo.status("gradio_api/upload", form, headers) == 413
    assert [path for path in demo.uploads.rglob("*") if path.is_file()] == []


def test_a_text_of_megabytes_is_refused_at_once(demo):
    text = json.dumps({"data": ["good film " * 2_000_000]}).encode()
    assert demo.status("gradio_api/run/score", text, JSON) == 413


def test_without_a_text_a_program_is_told_so_too(demo):
    assert demo.status("gradio_api/run/score", b'{"data": [null]}', JSON) == 200


@pytest.mark.parametrize("path", ["docs", "redoc", "openapi.json"])
def test_its_interface_is_not_on_show(demo, path):
    assert demo.status(path) == 404


def test_only_this_machine_can_reach_it(demo):
    processes = [demo.process, *demo.process.children(recursive=True)]
    listening = [
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections("all")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_it_connects_to_nothing_outside_this_machine(demo):
    demo.answer("A moving film.")
    lines = demo.connections.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "127.0.0.1" not in line and "localhost" not in line] == []


def test_the_recorder_would_have_seen_a_connection(tmp_path):
    with recording(tmp_path) as (environment, connections):
        code = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        assert "192.0.2.1" in connections.read_text(encoding="utf-8")


def test_browsers_are_told_to_ask_this_server_only(demo):
    headers, page = demo.fetch("")
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self' ")
    assert not re.search(r"https?:|\*", policy)
    assert '"analytics_enabled":false' in page


def test_the_fonts_are_the_systems(demo):
    _, style = demo.fetch("theme.css")
    assert "--font: system-ui;" in style
    assert not re.search(r"@font-face|@import|url\(.?https?:", style)


def test_the_page_says_what_it_is_and_what_it_is_not_fit_for(demo):
    _, configuration = demo.fetch("config")
    for words in ("What it is.", "What it is not fit for.", "notebook 07", "A moving film"):
        assert words in configuration


def test_of_data_of_one_s_own_it_says_nothing_that_is_only_true_of_the_course_s(
    classifier, tokenizer, source
):
    from course.serve.demo_page import build_page

    page = build_page(classifier, tokenizer, dataclasses.replace(source, name="own"))
    configuration = json.dumps(page.get_config_file())
    assert "data of your own" in configuration
    for words in ("English", "1,000", "review", "film", "level"):
        assert words not in configuration


def test_its_environment_has_the_pinned_gradio_and_changes_no_package_but_pillow():
    lines = (LOCKS / "course.txt").read_text(encoding="utf-8").splitlines()[1:]
    pins = dict(line.split("==") for line in lines if ";" not in line)
    # What no command has asked for yet is not installed.
    installed = {name: (version_of(name) or pin).split("+")[0] for name, pin in pins.items()}
    changed = {name for name, pin in pins.items() if installed[name] != pin}
    assert changed == {"pillow"}
    table = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert table["optional-dependencies"]["demo"] == [
        f"gradio=={importlib.metadata.version('gradio')}"
    ]


@pytest.mark.slow
def test_a_stop_ends_it_though_a_page_is_open():
    with running_demo() as (address, process):
        opened = urllib.request.urlopen(f"{address}/gradio_api/heartbeat/open", timeout=60)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert process.stdout.read() == "\nStopped.\n"
        opened.close()
