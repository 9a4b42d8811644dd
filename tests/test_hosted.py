"""On Colab or Kaggle, a first cell installs the course into the kernel that is there."""

import importlib.metadata
import re
import subprocess
import venv

import nbformat
import pytest
from nbclient import NotebookClient

from course.environment import hosted
from course.environment.install import LOCKS, PROJECT, python_of

OTHER_NUMPY = "2.3.5"
TAG = f"v{importlib.metadata.version('fine-tuning-notebooks')}"


def first_cell(address: str) -> str:
    """The cell that docs/hosted.md tells a learner to run, with the address of a repository."""
    text = (PROJECT / "docs" / "hosted.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return code.replace("ADDRESS-OF-THIS-REPOSITORY", address)


@pytest.mark.parametrize("name", ["hosted.md", "hosted.zh-CN.md"])
def test_the_first_cell_clones_this_edition(name):
    assert f"--branch {TAG} " in (PROJECT / "docs" / name).read_text(encoding="utf-8")


def test_a_package_that_is_good_enough_is_kept():
    lines, kept = hosted.constraints({"numpy": OTHER_NUMPY, "torch": "2.9.1+cu126"})
    assert kept == ["numpy", "torch"]
    assert {f"numpy=={OTHER_NUMPY}", "torch==2.9.1+cu126"} <= set(lines)


def test_an_older_edition_of_a_package_is_replaced():
    lines, kept = hosted.constraints({"numpy": "1.26.4"})
    assert kept == []
    assert not any(line.startswith("numpy==1.") for line in lines)


def test_everything_else_is_as_locked():
    lines, _ = hosted.constraints({})
    assert lines == (LOCKS / "course.txt").read_text(encoding="utf-8").splitlines()[1:]


def test_a_package_in_use_is_known():
    assert "pytest" in hosted.loaded_packages()
    assert "nbgrader" not in hosted.loaded_packages()


@pytest.mark.slow
def test_a_bare_kernel_with_another_numpy_runs_a_notebook_after_the_first_cell(
    tmp_path, monkeypatch
):
    host, origin = tmp_path / "host", tmp_path / "origin"
    venv.create(host, with_pip=True)
    python = str(python_of(host))
    for arguments in (
        ("pip", "install", "--quiet", "ipykernel", f"numpy=={OTHER_NUMPY}"),
        ("ipykernel", "install", "--prefix", str(host), "--name", "bare"),
    ):
        subprocess.run([python, "-m", *arguments], check=True)
    # A clone has what is committed only.
    subprocess.run(["git", "clone", "--quiet", PROJECT, origin], check=True)
    subprocess.run(["git", "-C", origin, "tag", "--force", TAG], check=True)
    monkeypatch.setenv("JUPYTER_PATH", str(host / "share" / "jupyter"))
    # What keeps the tests' own kernels off the network.
    monkeypatch.delenv("PYTHONPATH", raising=False)
    version = "import numpy; print(numpy.__version__)"
    path = PROJECT / "notebooks/en/02_random_display.ipynb"
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    codes = [version, first_cell(str(origin)), *(cell.source for cell in cells[:6])]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(made, kernel_name="bare", resources=resources, timeout=900).execute()
    assert made.cells[0].outputs[0].text.strip() == OTHER_NUMPY
    printed = "".join(output.get("text", "") for output in made.cells[1].outputs)
    assert "kept: numpy" in printed
    assert printed.strip().endswith("Ready.")
