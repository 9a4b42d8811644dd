import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from support.loopback import served

from course.environment.kernel import (
    OFFLINE,
    prepare_embedded_environment,
    prepare_kernel_environment,
)

REFUSAL = "the course runs offline: no connection to "
# An address that is reserved for examples: nobody answers there.
FAR = "192.0.2.1"


def run(code: str, *arguments: str, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    """Run code in a child Python with the refusal in place."""
    return subprocess.run(
        [sys.executable, *flags, "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": str(OFFLINE)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def refused(call: str, imports: str = "socket") -> str:
    """Run a call that must be refused; return what it was refused for."""
    code = f"import {imports}\ntry:\n    {call}\nexcept OSError as error:\n    print(error)"
    child = run(code)
    assert child.stderr == ""
    assert REFUSAL in child.stdout
    return child.stdout.split(REFUSAL)[1].split()[0].strip("'\")>,]")


@pytest.fixture(scope="module")
def port(tmp_path_factory) -> Iterator[str]:
    """The port of a server on loopback."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "index.html").write_text("hello")
    with served(folder) as address:
        yield address.rpartition(":")[2]


TCP, UDP = "socket.socket()", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
TCP6 = "socket.socket(socket.AF_INET6)"


@pytest.mark.parametrize(
    ("call", "host"),
    [
        (f"{TCP}.connect(('{FAR}', 80))", FAR),
        (f"{TCP}.connect(('example.org', 80))", "example.org"),
        (f"{TCP}.connect_ex(('{FAR}', 80))", FAR),
        (f"{TCP6}.connect(('2001:db8::1', 80))", "2001:db8::1"),
        (f"{UDP}.connect(('{FAR}', 53))", FAR),
        (f"{UDP}.sendto(b'?', ('{FAR}', 53))", FAR),
        (f"{UDP}.sendto(b'?', 0, ('{FAR}', 53))", FAR),
        (f"{UDP}.sendmsg([b'?'], [], 0, ('{FAR}', 53))", FAR),
        (f"socket.create_connection(('{FAR}', 443), 5)", FAR),
        ("socket.create_connection(('example.org', 443), 5)", "example.org"),
    ],
)
def test_a_socket_to_a_far_host_is_refused(call, host):
    assert refused(call) == host


@pytest.mark.parametrize(
    "call",
    [
        "getaddrinfo('example.org', 80)",
        "gethostbyname('example.org')",
        "gethostbyname_ex('example.org')",
        f"gethostbyaddr('{FAR}')",
    ],
)
def test_a_far_name_is_not_looked_up(call):
    assert refused(f"socket.{call}") in ("example.org", FAR)


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("http.client", "http.client.HTTPConnection('{}').request('GET', '/')"),
        ("http.client", "http.client.HTTPSConnection('{}').request('GET', '/')"),
        ("urllib.request", "urllib.request.urlopen('http://{}/')"),
        ("asyncio", "asyncio.run(asyncio.open_connection('{}', 80))"),
        ("asyncio, ssl", "asyncio.run(asyncio.open_connection('{}', 443, ssl=True))"),
        ("requests", "requests.get('https://{}/')"),
    ],
)
@pytest.mark.parametrize("host", [FAR, "example.org"])
def test_a_library_that_goes_to_a_far_host_is_refused(imports, call, host):
    assert refused(call.format(host), imports) == host


@pytest.mark.parametrize(
    ("call", "host"),
    [
        ("httpx.get('https://example.org/')", "example.org"),
        (f"httpx.get('http://{FAR}/')", FAR),
        ("asyncio.run(httpx.AsyncClient().get('https://example.org/'))", "example.org"),
        # Through httpx this one would only say that all attempts failed.
        (f"asyncio.run(anyio.connect_tcp('{FAR}', 80))", FAR),
    ],
)
def test_httpx_is_refused(call, host):
    child = run("import anyio, asyncio, httpx; " + call)
    assert re.search(f"{REFUSAL}(b')?{host}", child.stderr)


def test_a_connected_socket_sends_a_message_without_an_address():
    code = (
        f"import socket; here = {UDP}; here.connect(('127.0.0.1', 9)); print(here.sendmsg([b'?']))"
    )
    assert run(code).stdout == "1\n"


def test_a_child_of_the_child_is_refused_too():
    code = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", "import socket; socket.create_connection(('{FAR}', 80))"])
"""
    assert REFUSAL + FAR in run(code).stderr


def test_a_process_of_multiprocessing_is_refused_too():
    code = f"""
import multiprocessing, socket
def call(_):
    try:
        socket.create_connection(("{FAR}", 80))
    except OSError as error:
        return str(error)
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.map(call, [0])[0])
"""
    assert run(code).stdout.strip() == REFUSAL + FAR


def test_a_refusal_is_a_refused_connection():
    code = f"import socket; socket.create_connection(('{FAR}', 80))"
    assert f"ConnectionRefusedError: {REFUSAL}{FAR}" in run(code).stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize(
    "code",
    [
        "import urllib.request; print(urllib.request.urlopen(url).read().decode())",
        "import httpx; print(httpx.get(url).text)",
        "import asyncio, httpx; print(asyncio.run(httpx.AsyncClient().get(url)).text)",
        "import requests; print(requests.get(url).text)",
    ],
)
def test_a_server_on_loopback_is_reached(port, host, code):
    child = run("import sys; url = sys.argv[1]\n" + code, f"http://{host}:{port}/")
    assert (child.stdout, child.stderr) == ("hello\n", "")


def test_connect_ex_reaches_a_server_on_loopback(port):
    code = f"import socket; print(socket.socket().connect_ex(('127.0.0.1', {port})))"
    assert run(code).stdout == "0\n"


def test_datagrams_on_loopback_arrive():
    code = f"""
import socket
receiver, sender = {UDP}, {UDP}
receiver.bind(("127.0.0.1", 0))
sender.sendto(b"hello", receiver.getsockname())
print(receiver.recv(9).decode())
"""
    assert run(code).stdout == "hello\n"


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no unix sockets")
def test_unix_sockets_work(tmp_path):
    code = """
import socket, sys
server, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
client.connect(sys.argv[1])
server.accept()[0].sendall(b"hello")
print(client.recv(9).decode())
"""
    child = run(code, str(tmp_path / "s"))
    assert (child.stdout, child.stderr) == ("hello\n", "")


def test_without_the_folder_on_the_path_nothing_is_refused():
    # The far host is only looked up as an address, which asks nothing of the network.
    code = f"import socket; print(socket.getaddrinfo('{FAR}', 80)[0][4][0])"
    assert run(code, flags=("-E",)).stdout == f"{FAR}\n"


@pytest.fixture
def clean_environment(monkeypatch):
    """An environment without the course's variables, brought back after the test."""
    for name in ["TQDM_DELAY", "PYTHONPATH", "HF_HUB_OFFLINE", "COURSE_SOURCE"]:
        # First set, so that what the test adds is taken away again.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize("setting", [None, "", "embedded"])
def test_kernels_of_the_embedded_source_are_offline(clean_environment, setting):
    if setting is not None:
        clean_environment.setenv("COURSE_SOURCE", setting)
    prepare_kernel_environment()
    assert os.environ["PYTHONPATH"] == str(OFFLINE)
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_what_the_course_stores_is_of_its_own_data(clean_environment):
    clean_environment.setenv("COURSE_SOURCE", "own")
    prepare_embedded_environment()
    assert os.environ["COURSE_SOURCE"] == "embedded"
    assert os.environ["PYTHONPATH"] == str(OFFLINE)


def test_kernels_of_the_hub_are_online(clean_environment):
    clean_environment.setenv("COURSE_SOURCE", "hub")
    prepare_kernel_environment()
    assert "PYTHONPATH" not in os.environ
    assert "HF_HUB_OFFLINE" not in os.environ


def test_the_reader_s_own_path_is_kept(clean_environment):
    clean_environment.setenv("PYTHONPATH", "/own/path")
    prepare_kernel_environment()
    assert os.environ["PYTHONPATH"].split(os.pathsep) == [str(OFFLINE), "/own/path"]
