"""The mirrors that the README names for conda: a real conda, and a stand-in on loopback."""

import http.server
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator

import pytest

from course.environment.install import PROJECT

CONDA = shutil.which("conda")


class StandIn(http.server.BaseHTTPRequestHandler):
    """Channels that have what the environment asks for; as a proxy, it takes nobody further."""

    def do_GET(self) -> None:
        *_, platform, name = self.path.split("/")
        if name != "repodata.json":
            self.send_error(404)
            return
        about = {"build": "0", "build_number": 0, "depends": [], "subdir": platform, "size": 1}
        about |= {"md5": "0" * 32, "sha256": "0" * 64}
        versions = {"python": "3.12.0", "pip": "26.0"}
        packages = {
            f"{package}-{version}-0.conda": {"name": package, "version": version, **about}
            for package, version in versions.items()
        }
        index = {"info": {"subdir": platform}, "packages": {}, "packages.conda": packages}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(index).encode())

    def log_request(self, *_: object) -> None:
        self.server.asked.append(self.path)

    def log_error(self, *_: object) -> None:
        pass


@pytest.fixture
def stand_in() -> Iterator[http.server.ThreadingHTTPServer]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def fresh_home(tmp_path, monkeypatch) -> None:
    """A home without settings of conda, so that the user's stay as they are."""
    for name in [name for name in os.environ if name.startswith(("CONDA", "_CE_"))]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "CONDA_PKGS_DIRS"):
        monkeypatch.setenv(name, str(tmp_path))


@pytest.mark.skipif(CONDA is None, reason="there is no conda on this machine")
def test_with_the_mirrors_that_the_readme_names_conda_asks_nobody_else(
    stand_in, fresh_home, monkeypatch, tmp_path
):
    address = f"http://127.0.0.1:{stand_in.server_port}"
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, address)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    # As Miniconda is set up; Miniforge asks for less.
    monkeypatch.setenv("CONDA_CHANNELS", "defaults")
    readme = (PROJECT / "README.zh-CN.md").read_text(encoding="utf-8")
    for command in re.findall(r"^conda (config .*)$", readme, re.MULTILINE):
        arguments = re.sub(r"https://[^/]+", address, command).split()
        subprocess.run([CONDA, *arguments], check=True)
    create = ["env", "create", "--file", str(PROJECT / "environment.yml")]
    # A folder, since the user may have the environment already. Whom it asked counts, not its end.
    subprocess.run([CONDA, *create, "--dry-run", "--prefix", str(tmp_path / "new")], check=False)
    channels = ("/anaconda/cloud/conda-forge", "/anaconda/pkgs/main")
    assert {path for path in stand_in.asked if not path.startswith(channels)} == set()
    assert {f"{channel}/noarch/repodata.json" for channel in channels} <= set(stand_in.asked)
