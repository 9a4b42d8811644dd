"""The notebooks' comparison fails when a helper is broken on purpose, or the network is asked."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
import pytest

from helpers.environment import PROJECT

# For each notebook a helper, the line that is broken, and what it becomes.
BREAKAGES = {
    "02_random_display": (
        "display.py",
        "return feature.int2str(value)",
        "return feature.int2str((value + 1) % feature.num_classes)",
    ),
    "03_preprocess": (
        "preprocess.py",
        "backend.enable_truncation(max_length or tokenizer.model_max_length)",
        "backend.no_truncation()",
    ),
    "06_evaluate": (
        "metrics/accuracy/accuracy.py",
        "np.mean(np.equal(predictions, references))",
        "np.mean(np.not_equal(predictions, references))",
    ),
}


def copy_project(folder: Path) -> Path:
    """Make a project with its own helpers and notebooks, and everything else linked."""
    shutil.copytree(PROJECT / "helpers", folder / "helpers")
    shutil.copytree(PROJECT / "notebooks", folder / "notebooks")
    link(folder, "data")
    return folder


def link(folder: Path, *names: str) -> None:
    """Link what nbval needs of the project into a folder, and more of it."""
    for name in ("course", "conftest.py", "pyproject.toml", *names):
        (folder / name).symlink_to(PROJECT / name)


def run_nbval(project: Path, *notebooks: Path) -> subprocess.CompletedProcess:
    """Compare notebooks, their kernels importing the helpers of `project`."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q"]
    command += ["-p", "no:cacheprovider", "-p", "no:hypothesispytest", *map(str, notebooks)]
    environment = {**os.environ, "PYTHONPATH": str(project)}
    # Where pytest finds one of these, its summary repeats each report whole.
    for name in ("CI", "BUILD_NUMBER"):
        environment.pop(name, None)
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)


def keep_cells(path: Path, wanted: Sequence[str]) -> None:
    """Leave out the code cells that the promise does not need, which take time."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.id in wanted]
    nbformat.write(notebook, path)


# The last of each uses the helper.
NEEDED = {
    "02_random_display": ["load", "helper"],
    "03_preprocess": ["load", "tokenizer", "long-texts", "helper"],
    "06_evaluate": ["load", "load-from-hub", "load-accuracy"],
}


@pytest.mark.slow
def test_a_broken_helper_fails_its_notebook_where_it_is_used(tmp_path):
    project = copy_project(tmp_path)
    notebooks = [project / "notebooks" / "zh" / f"{name}.ipynb" for name in BREAKAGES]
    for notebook, (module, right, wrong) in zip(notebooks, BREAKAGES.values(), strict=True):
        keep_cells(notebook, NEEDED[notebook.stem])
        path = project / "helpers" / module
        source = path.read_text(encoding="utf-8")
        assert right in source
        path.write_text(source.replace(right, wrong), encoding="utf-8")
    outcome = run_nbval(project, *notebooks)
    failed = re.findall(r"^FAILED \S*/(\w+)\.ipynb::Cell (\d+)", outcome.stdout, re.MULTILINE)
    expected = [(name, str(len(cells) - 1)) for name, cells in NEEDED.items()]
    assert failed == expected
    assert outcome.stdout.count("Cell outputs differ") == len(expected)


def test_a_compared_kernel_refuses_to_leave_loopback(tmp_path):
    question = "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=5)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(question)])
    (tmp_path / "notebooks").mkdir()
    link(tmp_path)
    path = tmp_path / "notebooks" / "leave.ipynb"
    nbformat.write(notebook, path)
    outcome = run_nbval(tmp_path, path)
    assert outcome.returncode == 1
    assert "the course runs offline: no connection to 192.0.2.1" in outcome.stdout
