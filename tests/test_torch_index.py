"""Where torch comes from: without a GPU from the index of small builds, if that answers."""

import os
import re
import shutil
import subprocess
import threading
import venv
import zipfile
from pathlib import Path

import pip
import pytest
from support.loopback import served

from course.environment import install
from course.environment.install import InstallError, install_torch, torch_index

VERSION = next(pin for pin in install.requirements() if pin.startswith("torch==")).split("==")[1]
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def index(tmp_path):
    """An index on loopback that has a very small torch for CPUs."""
    folder = tmp_path / "index" / "torch"
    folder.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: torch\nVersion: {VERSION}+cpu\n"
    about = f"torch-{VERSION}+cpu.dist-info"
    with zipfile.ZipFile(folder / f"torch-{VERSION}+cpu-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{about}/METADATA", metadata)
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    with served(tmp_path / "index") as address:
        yield address


@pytest.fixture(autouse=True)
def linux_without_gpu(monkeypatch) -> None:
    monkeypatch.delenv(install.TORCH_INDEX_VARIABLE, raising=False)
    monkeypatch.setattr(install.sys, "platform", "linux")
    monkeypatch.setattr(install.shutil, "which", lambda name: None)


@pytest.fixture
def fresh_python(tmp_path, monkeypatch) -> str:
    """A Python with the pip of this one, which has no settings of this machine."""
    venv.create(tmp_path / "venv")
    python = str(install.python_of(tmp_path / "venv"))
    # To install one of its own would take seconds.
    shutil.copytree(Path(pip.__file__).parent, Path(install.purelib(python), "pip"))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return python


def installed_torch(python: str) -> str:
    """The version of torch that a Python has."""
    code = "import importlib.metadata; print(importlib.metadata.version('torch'))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()


def test_without_a_gpu_the_index_of_small_builds_is_used_if_it_answers(index, monkeypatch):
    monkeypatch.setattr(install, "TORCH_CPU_INDEX", index)
    assert torch_index() == index


def test_an_index_that_does_not_answer_is_said_and_done_without(monkeypatch, capsys):
    monkeypatch.setattr(install, "TORCH_CPU_INDEX", NOBODY)
    assert torch_index() is None
    assert "does not answer (http://127.0.0.1:9)" in capsys.readouterr().out


def test_a_name_that_nobody_looks_up_keeps_nobody_waiting(monkeypatch):
    released = threading.Event()

    def hang(*_: object, **__: object) -> None:
        released.wait()
        raise OSError

    monkeypatch.setattr(install, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(install.urllib.request, "urlopen", hang)
    before = set(threading.enumerate())
    assert not install.answers(NOBODY)
    (asking,) = set(threading.enumerate()) - before
    released.set()
    # For any other thread, Python would wait at its end.
    assert asking.daemon


def test_with_a_gpu_torch_comes_from_where_everything_comes(index, monkeypatch):
    monkeypatch.setattr(install, "TORCH_CPU_INDEX", index)
    monkeypatch.setattr(install.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert torch_index() is None


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_elsewhere_than_on_linux_the_public_torch_has_no_cuda(index, monkeypatch, system):
    monkeypatch.setattr(install, "TORCH_CPU_INDEX", index)
    monkeypatch.setattr(install.sys, "platform", system)
    assert torch_index() is None


def test_pip_installs_the_small_build(index, monkeypatch, fresh_python):
    monkeypatch.setenv(install.TORCH_INDEX_VARIABLE, index)
    install_torch(fresh_python)
    assert installed_torch(fresh_python) == f"{VERSION}+cpu"


def test_a_mirror_that_the_readme_names_is_where_pip_looks(index, monkeypatch, fresh_python):
    readme = (install.PROJECT / "README.md").read_text(encoding="utf-8")
    variables = re.findall(r"^export (\w+)=https://\S*(?:pypi|pytorch)\S*$", readme, re.MULTILINE)
    assert variables == ["PIP_INDEX_URL", install.TORCH_INDEX_VARIABLE]
    monkeypatch.setenv(variables[0], index)
    install.pip_install(fresh_python, ["--no-deps", f"torch=={VERSION}"])
    assert installed_torch(fresh_python) == f"{VERSION}+cpu"


def test_an_index_that_the_user_named_and_that_has_no_torch_is_one_sentence(
    monkeypatch, fresh_python, tmp_path
):
    monkeypatch.setenv(install.TORCH_INDEX_VARIABLE, tmp_path.as_uri())
    with pytest.raises(InstallError, match=r"^COURSE_TORCH_INDEX=file:.* has no torch==.*; unset"):
        install_torch(fresh_python)
