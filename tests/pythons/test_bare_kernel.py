"""A kernel that has neither the course nor its numpy runs a notebook after the first cell."""

import re
import subprocess
import venv

import nbformat
from nbclient import NotebookClient

from course.environment.install import python_of
from helpers.environment import PROJECT

OTHER_NUMPY = "2.3.5"


def first_cell(address: str) -> str:
    """The cell that docs/hosted.md tells a learner to run, with the address of a repository."""
    text = (PROJECT / "docs" / "hosted.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return code.replace("ADDRESS-OF-THIS-REPOSITORY", address)


def test_a_bare_kernel_with_another_numpy_runs_a_notebook_after_the_first_cell(
    tmp_path, monkeypatch
):
    # What keeps the tests' own kernels off the network.
    monkeypatch.delenv("PYTHONPATH", raising=False)
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
    tag = re.search(r"--branch (\S+)", first_cell(""))[1]
    subprocess.run(["git", "-C", origin, "tag", "--force", tag], check=True)
    monkeypatch.setenv("JUPYTER_PATH", str(host / "share" / "jupyter"))
    version = "import numpy; print(numpy.__version__)"
    path = PROJECT / "notebooks/en/02_random_display.ipynb"
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    codes = [version, first_cell(str(origin)), *(cell.source for cell in cells[:6])]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(made, kernel_name="bare", resources=resources, timeout=900).execute()
    assert made.cells[0].outputs[0].text.strip() == OTHER_NUMPY
    printed = "".join(output.get("text", "") for output in made.cells[1].outputs)
    assert re.search(r"kept: .*numpy", printed)
    assert printed.strip().endswith("Ready.")
