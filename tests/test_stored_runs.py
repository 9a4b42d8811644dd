"""The files of measured runs, and the notebooks that train one of those runs again."""

import pytest
from support.notebooks import code_cells

from benchmarks.improve import LIVE
from helpers import improvement, learning_curve, learning_rates

WRITTEN = {
    learning_rates.PATH: lambda path: learning_rates.write_runs(
        learning_rates.read_recipe(), learning_rates.read_runs(), path
    ),
    learning_curve.PATH: lambda path: learning_curve.write_runs(learning_curve.read_runs(), path),
    improvement.PATH: lambda path: improvement.write_lever_runs(
        improvement.read_lever_runs(), path
    ),
}


@pytest.mark.parametrize(("stored", "write"), WRITTEN.items(), ids=[path.stem for path in WRITTEN])
def test_a_file_is_as_it_is_written(stored, write, tmp_path):
    write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == stored.read_text()


@pytest.mark.parametrize(
    ("number", "sources", "check", "printed"),
    [
        ("07", {"rates-file": "read_runs()"}, "rates-live-point", "the live run is"),
        (
            "11",
            {"curve-file": "read_runs()", "live-point-check": "live.result"},
            "live-point-check",
            "the live accuracy is",
        ),
        ("13", {"live-check": f'"{LIVE}"'}, "live-check", "the live accuracy is"),
    ],
)
def test_a_notebook_trains_one_run_again_and_finds_the_same(number, sources, check, printed):
    cells = code_cells(number)
    assert [cell for cell, code in sources.items() if code not in cells[cell].source] == []
    assert "nbval-ignore-output" not in cells[check].metadata.get("tags", [])
    assert f"{printed} the stored one: True" in cells[check].outputs[0].text
