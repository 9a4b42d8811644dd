"""However Python was started, `helpers` sets where the caches are before a library reads it."""

import ast
import os
import subprocess
import sys
from pathlib import Path

from support.notebooks import cells, each_notebook

from helpers.environment import PROJECT, data_folder

# They read variables when they are imported.
LIBRARIES = {"datasets", "evaluate", "huggingface_hub", "torch", "transformers"}
WHERE = "import helpers, os; from huggingface_hub import constants; print({expression})"


def printed(expression: str, cwd: Path = PROJECT, **variables: str) -> str:
    """What a fresh Python shows that imports the helpers and then a library."""
    code = WHERE.format(expression=expression)
    unset = {"HF_HOME", "GOMP_SPINCOUNT"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    process = subprocess.run(
        [sys.executable, "-c", code], env=kept | variables, cwd=cwd, capture_output=True
    )
    return process.stdout.decode().strip()


def test_the_caches_are_inside_the_project():
    assert printed("constants.HF_HOME") == str(PROJECT / "data" / "hf")


def test_the_reader_s_own_cache_is_kept(tmp_path):
    assert printed("constants.HF_HOME", HF_HOME=str(tmp_path)) == str(tmp_path)


def test_a_tilde_is_the_reader_s_home_and_no_folder_of_that_name(tmp_path):
    shown = printed("os.environ['HF_HOME']", HF_HOME="~/hf", HOME=str(tmp_path))
    assert shown == str(tmp_path / "hf")


def test_a_relative_path_is_the_same_cache_for_commands_and_notebooks():
    for cwd in (PROJECT, PROJECT / "notebooks" / "zh"):
        assert printed("constants.HF_HOME", cwd, HF_HOME="my/hf") == str(PROJECT / "my" / "hf")


def test_a_waiting_thread_leaves_its_core_soon():
    assert printed("os.environ['GOMP_SPINCOUNT']") == "10000"


def test_a_course_that_cannot_be_written_to_uses_a_folder_of_the_user(monkeypatch, tmp_path):
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert data_folder(tmp_path) == Path.home() / ".cache" / "fine-tuning-notebooks"


@each_notebook
def test_a_notebook_imports_the_helpers_before_any_library(path):
    imported = []
    for cell in cells(path, "code"):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                imported += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                imported.append(node.module)
    top = [name.partition(".")[0] for name in imported]
    first_library = next(number for number, name in enumerate(top) if name in LIBRARIES)
    assert "helpers" in top[:first_library]
