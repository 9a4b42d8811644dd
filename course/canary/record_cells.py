"""A plug-in of pytest that writes down, for each cell nbval compares, its old and new outputs."""

import json
import os
from pathlib import Path

import pytest

VARIABLE = "CANARY_RECORD"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Add a line for a cell that was run to a file of this process."""
    outcome = yield
    if call.when != "call" or not hasattr(item, "cell"):
        return
    line = {
        "notebook": item.path.stem,
        "cell": item.cell.get("id", ""),
        "passed": bool(outcome.get_result().passed),
        "old": item.cell.outputs,
        "new": getattr(item, "test_outputs", []),
    }
    # One file for each worker: lines of several cannot mix.
    with Path(os.environ[VARIABLE], f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
