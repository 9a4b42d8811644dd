"""What `bench` promises of its recipes and of its report; it is itself not run here."""

from dataclasses import asdict

import pytest
from PIL import Image

from benchmarks import recipes, report, speed
from benchmarks.recipes import build_recipes

ROW = {
    "samples_per_second": 10.0,
    "real_tokens_per_second": 200.0,
    "tokens_per_second": 400.0,
    "training_seconds": 100.0,
    "evaluation_seconds": 5.0,
    "peak_megabytes": 900,
    "precision": "float32",
    "model_gflops": 50.0,
    "whole": True,
}
DOCUMENT = ROW | {"name": "document", "total_seconds": 500.0, "whole": False}
UNPADDED = ROW | {"name": "unpadded", "total_seconds": 50.0}
UNPADDED |= {"accuracy": 0.44, "interval": [0.42, 0.46]}
BEST = UNPADDED | {"name": "best", "total_seconds": 10.0, "accuracy": 0.45}
PEAKS = {"peak_gflops_fp32": 100.0, "peak_gflops_bf16": 400.0}
GROWTH = {
    "epoch_seconds": {"250": 3.0, "1000": 12.0},
    "sample_ms": {"32": 14.0, "512": 340.0},
    "samples_s": {"1": 42.0, "2": 70.0},
}


def results() -> dict:
    alternative = {"name": "TF-IDF", "seconds": 1.5, "accuracy": 0.35, "interval": [0.33, 0.37]}
    tokenization = {"rows": 10, "seconds": {"encode_batch": 0.5}, "share_of_encode_batch": 0.75}
    rows = [DOCUMENT, UNPADDED, BEST]
    return speed.summarize(rows, PEAKS) | {
        "rows": rows,
        "alternatives": [alternative | {"peak_megabytes": 500}],
        "variations": {"one thread": 1.44},
        "growth": GROWTH,
        "tokenization": tokenization,
        "seconds": 500.0,
    }


def test_the_first_recipe_is_the_documents():
    document = build_recipes()[0]
    assert (document.padding, document.precision, document.arguments) == (
        "max_length",
        "float32",
        {},
    )
    assert document.frozen_layers is None


def test_the_second_is_the_documents_without_padding_and_trained_to_the_end():
    document, unpadded = build_recipes()[:2]
    expected = asdict(document) | {"padding": "longest", "name": unpadded.name, "timed_steps": None}
    assert asdict(unpadded) == expected


def test_every_lever_changes_something_and_keeps_what_was_there():
    for before, after in zip(build_recipes()[:-1], build_recipes()[1:], strict=True):
        assert before.arguments.keys() <= after.arguments.keys()
        changed = {name for name, value in asdict(after).items() if value != asdict(before)[name]}
        assert changed - {"name", "timed_steps"}, after.name


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_half_precision_is_a_lever_only_where_the_machine_has_it(monkeypatch, precision):
    monkeypatch.setattr(recipes, "fast_precision", lambda: precision)
    found = build_recipes()
    assert found[-1].precision == precision
    assert {recipe.precision for recipe in found} == {"float32", precision}


def test_the_speedup_is_of_the_whole_training():
    summary = speed.summarize([DOCUMENT, UNPADDED, BEST], PEAKS)
    assert summary["speedup"] == 50
    assert (summary["accuracy_document"], summary["accuracy_best"]) == (0.44, 0.45)


@pytest.mark.parametrize(("precision", "share"), [("float32", 0.5), ("bfloat16", 0.125)])
def test_the_roofline_is_that_of_the_precision_used(precision, share):
    summary = speed.summarize([DOCUMENT, UNPADDED, BEST | {"precision": precision}], PEAKS)
    assert summary["roofline_share"] == share


def test_the_document_s_own_accuracy_is_used_where_it_was_trained_to_the_end():
    trained = DOCUMENT | {"accuracy": 0.43}
    assert speed.summarize([trained, UNPADDED, BEST], PEAKS)["accuracy_document"] == 0.43


def test_the_table_marks_what_was_estimated():
    lines = report.tables(results()).splitlines()
    assert next(line for line in lines if "document" in line).startswith("~ document")
    assert next(line for line in lines if "unpadded" in line).startswith("unpadded")


def test_the_tables_name_every_measurement():
    text = report.tables(results())
    for words in ("50.0", "0.450 (0.420 to 0.460)", "TF-IDF", "one thread", "x 1.44", "0.75"):
        assert words in text


def test_the_plots_are_pictures(tmp_path):
    report.draw_rows(results(), tmp_path / "rows.png")
    report.draw_growth(GROWTH, tmp_path / "growth.png")
    for name in ("rows.png", "growth.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 500


def test_a_failed_measurement_ends_the_run_with_its_error():
    with pytest.raises(SystemExit, match=r"benchmarks.nothing failed:\n.*No module named"):
        speed.run_child("nothing")
