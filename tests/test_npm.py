"""Packages from npm: installed once, by their digests, and a failure is one sentence."""

import json
import shutil
import sys
from types import SimpleNamespace

import pytest

from course.environment import npm
from course.publish.try_page import TEMPLATE

# In place of npm: it installs one package, or fails as npm does.
WORKS = """
import os, sys
os.mkdir("node_modules")
open("asked", "w").write(" ".join(sys.argv[1:]))
"""
FAILS = "import sys; sys.exit('npm error code ENOTFOUND\\nnpm error network')"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(npm, "FOLDER", tmp_path / "npm")
    return tmp_path / "npm"


def use(monkeypatch, code: str) -> None:
    monkeypatch.setattr(npm, "npm", lambda: [sys.executable, "-c", code])


def test_what_is_installed_is_used_again_until_the_lock_changes(folder, tmp_path, monkeypatch):
    use(monkeypatch, WORKS)
    wanted = shutil.copytree(TEMPLATE, tmp_path / "wanted")
    assert npm.npm_packages(wanted) == folder / "node_modules"
    asked = "ci --ignore-scripts --no-audit --no-fund --loglevel=error"
    assert (folder / "asked").read_text() == asked
    use(monkeypatch, FAILS)
    assert npm.npm_packages(wanted).is_dir()
    (wanted / "package-lock.json").write_text("{}")
    with pytest.raises(npm.NpmError, match=r"\(npm error code ENOTFOUND\): check"):
        npm.npm_packages(wanted)
    assert (folder / "node_modules").is_dir()


def test_a_machine_without_node_is_told_so(monkeypatch):
    monkeypatch.setattr(npm.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(npm.shutil, "which", lambda _: None)
    with pytest.raises(npm.NpmError, match=r"no Node\.js here"):
        npm.npm_packages(TEMPLATE)
    monkeypatch.setattr(npm.shutil, "which", {"npm": "/usr/bin/npm"}.get)
    assert npm.npm() == ["/usr/bin/npm"]


def test_the_node_of_the_python_package_comes_first(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "node").touch()
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(npm.importlib.util, "find_spec", lambda _: spec)
    node, script = npm.npm()
    assert node == str(tmp_path / "bin" / "node")
    assert script.endswith("npm-cli.js")


def test_the_lock_has_a_digest_of_every_package_and_no_address():
    lock = json.loads((TEMPLATE / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((TEMPLATE / "package.json").read_text(encoding="utf-8"))
    packages = lock["packages"]
    assert packages.pop("")["dependencies"] == wanted["dependencies"]
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert all("resolved" not in package for package in packages.values())
    for name, version in wanted["dependencies"].items():
        assert packages[f"node_modules/{name}"]["version"] == version
