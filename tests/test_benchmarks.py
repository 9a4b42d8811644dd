"""What `bench` promises of its recipes and of its report; it is itself not run here."""

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from types import SimpleNamespace
from unittest.mock import patch

import pytest
import torch
from datasets import Dataset
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from benchmarks import growth, measure, operators, recipes, report, speed, tokenization, variations
from benchmarks.bare_loop import batches_by_rows, batches_by_tokens
from benchmarks.recipes import build_recipes
from helpers.preprocess import tokenize
from helpers.sources import get_source
from helpers.throughput import Work, measure_training

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
    "reviews": {"epoch s": {"250": 3.0, "1000": 12.0}, "wrong": {"250": 0.8, "1000": 0.4}},
    "tokens": {"ms a text": {"32": 14.0, "512": 340.0}, "MB": {"32": 700}, "MB more": {"32": 70}},
}
OPERATORS = {"shares": {"matrix products": 0.6}, "trainer_ratio": 1.25}
OPERATORS |= {"import_seconds": 7.5, "imports": {"torch": 2.5}}
MANY_ROWS = {"rows": 100_000, "seconds": {"map (03)": 21.0}, "peak_megabytes": 777}


def results() -> dict:
    alternative = {"name": "TF-IDF", "seconds": 1.5, "accuracy": 0.35, "interval": [0.33, 0.37]}
    tokenization = {"rows": 10, "seconds": {"encode_batch": 0.5}, "share_of_encode_batch": 0.75}
    rows = [DOCUMENT, UNPADDED, BEST]
    return speed.summarize(rows, PEAKS) | {
        "rows": rows,
        "alternatives": [
            alternative | {"peak_megabytes": 500},
            {"name": "guessing", "seconds": 0.0, "peak_megabytes": 400},
        ],
        "operators": OPERATORS,
        "variations": {"one thread": 1.44, "another allocator": None},
        "many_rows": MANY_ROWS,
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
    assert not document.sort_for_evaluation


def test_the_second_is_the_documents_without_padding_and_trained_to_the_end():
    document, unpadded = build_recipes()[:2]
    expected = asdict(document) | {"padding": "longest", "name": unpadded.name, "timed_steps": None}
    assert asdict(unpadded) == expected


def test_every_lever_changes_something_and_keeps_what_was_there():
    for before, after in zip(build_recipes()[:-1], build_recipes()[1:], strict=True):
        assert before.arguments.keys() <= after.arguments.keys()
        changed = {name for name, value in asdict(after).items() if value != asdict(before)[name]}
        assert changed - {"name", "timed_steps"}, after.name


def test_the_learning_rate_grows_with_the_batch_and_doubles_where_more_is_frozen():
    rates = [recipe.arguments.get("learning_rate") for recipe in build_recipes("float32")]
    assert rates == [*3 * [None], *7 * [1.5e-4], *2 * [3e-4]]


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_half_precision_is_a_lever_only_where_the_machine_has_it(monkeypatch, precision):
    monkeypatch.setattr(recipes, "fast_precision", lambda: precision)
    found = build_recipes()
    assert found[-1].precision == precision
    assert {recipe.precision for recipe in found} == {"float32", precision}


def test_the_fastest_recipe_has_all_levers():
    assert recipes.fastest_recipe() == build_recipes()[-1]


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


TABLES = """
Each lever added to the ones above it
           samples/s real tokens/s tokens/s training s evaluation s whole s times   MB           test accuracy
~ document      10.0           200      400        100          5.0     500   1.0  900                       -
unpadded        10.0           200      400        100          5.0      50  10.0  900  0.440 (0.420 to 0.460)
best            10.0           200      400        100          5.0      10  50.0  900  0.450 (0.420 to 0.460)

Instead of fine-tuning: to train and to predict the test split
         seconds   MB           test accuracy
TF-IDF       1.5  500  0.350 (0.330 to 0.370)
guessing     0.0  400                       -

A step of the last recipe, by operator
                 share
matrix products  60.0%
Trainer against a bare loop on the same batches: x 1.25
imports before a program begins: 7.5 s (torch 2.5)

The last recipe changed: time as a multiple of its own
                                  time
one thread                      x 1.44
another allocator  not on this machine

How the cost of the last recipe grows: figures, and the fitted exponent
epoch s, by reviews           250: 3, 1000: 12  ^+1.00
wrong, by reviews             250: 0.8, 1000: 0.4  ^-0.50
ms a text, by tokens          32: 14, 512: 340  ^+1.15
MB, by tokens                 32: 700
MB more, by tokens            32: 70

100,000 synthetic rows through 01 to 04: 777 MB
         seconds
map (03)    21.0

Tokenizing 10 texts: map reaches 0.75 of encode_batch's speed
             seconds
encode_batch    0.50

speedup            50.000
accuracy_document  0.440
accuracy_best      0.450
peak_gflops_fp32   100.000
peak_gflops_bf16   400.000
model_gflops       50.000
roofline_share     0.500
seconds            500.000
"""  # noqa: E501 - as a terminal shows it


def test_the_tables_state_every_measurement_and_mark_what_was_estimated():
    assert report.tables(results()) == TABLES.strip()


def saved_axes(draw: Callable, *arguments: object) -> list[Axes]:
    """What a function draws and saves: its axes."""
    with patch.object(Figure, "savefig", autospec=True) as save:
        draw(*arguments)
    ((figure, _), _) = save.call_args
    return figure.axes


def test_the_plot_of_the_recipes_has_a_bar_for_each_the_first_on_top():
    (axes,) = saved_axes(report.draw_rows, results(), "rows.png")
    assert axes.get_title() == "The levers together make training 50 times as fast"
    assert [bar.get_width() for bar in axes.patches] == [500, 50, 10]
    assert [label.get_text() for label in axes.texts] == [" 500", " 50", " 10"]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "document",
        "unpadded",
        "best",
    ]
    bottom, top = axes.get_ylim()
    assert bottom > top
    assert axes.get_xscale() == "log"


def test_the_plot_of_growth_has_a_curve_for_each_figure_with_its_exponent():
    drawn = [axes for axes in saved_axes(report.draw_growth, GROWTH, "growth.png") if axes.lines]
    shown = [(axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) for axes in drawn]
    assert shown == [
        ("reviews", "epoch s", "exponent +1.00"),
        ("reviews", "wrong", "exponent -0.50"),
        ("tokens", "ms a text", "exponent +1.15"),
        ("tokens", "MB", ""),
        ("tokens", "MB more", ""),
    ]
    assert drawn[0].lines[0].get_xydata().tolist() == [[250, 3], [1000, 12]]


def test_a_failed_measurement_ends_the_run_with_its_error():
    with pytest.raises(SystemExit, match=r"benchmarks.nothing failed:\n.*No module named"):
        speed.run_child("nothing")


def test_the_command_measures_every_recipe_and_part_once_and_keeps_all(
    monkeypatch, tmp_path, capsys
):
    asked = []

    def run_child(module: str, *arguments: str) -> object:
        asked.append((module, *arguments))
        return BEST | {"number": arguments[0]} if module == "measure" else results()[module]

    peaks = iter([300.0, 100.0, 200.0])
    monkeypatch.setattr(speed, "prepare_kernel_environment", lambda: None)
    monkeypatch.setattr(speed, "BUILD", tmp_path)
    monkeypatch.setattr(speed, "run_child", run_child)
    monkeypatch.setattr(speed, "measure_peak", lambda dtype: next(peaks))
    monkeypatch.delenv("FULL", raising=False)
    assert speed.main() == 0
    numbers = [str(number) for number in range(len(build_recipes()))]
    # The first and the last are compared, so they run one after the other.
    order = [numbers[0], numbers[-1], *numbers[1:-1]]
    parts = [(part,) for part in speed.PARTS]
    assert asked == [("measure", number) for number in order] + parts
    kept = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert [row["number"] for row in kept["rows"]] == numbers
    assert (kept["peak_gflops_fp32"], kept["peak_gflops_bf16"]) == (300, 200)
    assert {path.name for path in tmp_path.iterdir()} == {
        "bench.json",
        "bench.png",
        "bench_growth.png",
    }
    shown = capsys.readouterr().out
    assert report.tables(kept) in shown
    assert "rows marked ~ estimated from some steps (--full: none)" in shown


@pytest.fixture
def small(monkeypatch) -> None:
    """A random model of five narrow layers in place of the pretrained one."""

    def load(*_: object) -> BertForSequenceClassification:
        torch.manual_seed(1)
        sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
        # Far from the symmetric start, where the classes would be nearly tied.
        config = BertConfig(num_hidden_layers=5, num_labels=5, initializer_range=0.3, **sizes)
        return BertForSequenceClassification(config)

    monkeypatch.setattr(measure, "load_classifier", load)


def test_what_is_computed_once_or_for_one_token_only_changes_no_prediction(small):
    found = build_recipes("float32")
    frozen = [recipe for recipe in found if recipe.arguments == found[-3].arguments]
    rows, _, tokenizer = measure.prepare_data("longest", size=40)
    logits = {}
    for recipe in frozen:
        start = time.perf_counter()
        model, (once,) = measure.prepare_training(recipe, [rows])
        assert once < time.perf_counter() - start
        assert (once > 0) == recipe.computed_once
        with tempfile.TemporaryDirectory() as folder:
            arguments = measure.prepare_arguments(recipe, folder)
            measure_training(model, arguments, rows, tokenizer, steps=3)
            batch = tokenizer.pad({"input_ids": rows["input_ids"][:8]}, return_tensors="pt")
            logits[recipe.name] = model.eval()(**batch).logits.detach()
    plain, *others = logits.values()
    assert len(others) == 2
    for other in others:
        torch.testing.assert_close(other, plain, atol=1e-5, rtol=0)


def test_fixed_batches_hold_every_text_once_sorted_by_length_and_in_random_order():
    best = recipes.fastest_recipe()
    size = best.arguments["per_device_train_batch_size"]
    assert best.arguments["train_sampling_strategy"] == "sequential"
    # 1 to 200 tokens, in an order that is not by length.
    lengths = {7 * length % 211: length for length in range(1, 201)}
    rows = Dataset.from_list([{"attention_mask": [1] * lengths[row]} for row in sorted(lengths)])
    arranged = [sum(mask) for mask in measure.arrange(rows, best)["attention_mask"]]
    batches = [arranged[start : start + size] for start in range(0, 200, size)]
    # The eight shortest are left over, and last.
    whole = [sorted(range(start, start + size)) for start in range(9, 201, size)]
    assert sorted(map(sorted, batches[:-1])) == whole
    assert sorted(batches[-1]) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert batches[:-1] not in (sorted(batches[:-1]), sorted(batches[:-1], reverse=True))
    assert measure.arrange(rows, build_recipes()[0]) is rows


def test_the_counted_operations_are_those_that_are_left(small):
    plain, once, first = build_recipes("float32")[-5:-2]
    rows, _, _ = measure.prepare_data("longest", size=40)
    tokens = sum(map(len, rows["input_ids"]))
    epoch = Work(len(rows), tokens, tokens)
    counts = []
    for recipe in (plain, once, first):
        model, _ = measure.prepare_training(recipe, [rows])
        counts.append(measure.count_operations(model, recipe, epoch))
    last = model.base_model.encoder.layer[-1]
    layer, key = (
        sum(p.numel() for p in part.parameters()) for part in (last, last.layer.attention.self.key)
    )
    # Five layers forward and two backward, three epochs; then the three frozen ones only once.
    assert counts[0] == 3 * (2 * 5 + 4 * 2) * layer * tokens
    assert counts[1] == (3 * 6 * 2 + 2 * 3) * layer * tokens
    assert counts[1] - counts[2] == 3 * 6 * (layer - 2 * key) * (tokens - len(rows))


def test_every_variation_is_compared_with_the_recipe_itself(small):
    found = variations.in_process(variations.Bench(steps=1, size=80), rounds=1)
    assert {"AdamW not fused", "batches by tokens, not rows"} <= found.keys()
    assert all(factor > 0 for factor in found.values())
    assert 0.5 < found["packing, at best (counted)"] <= 1


def test_a_bare_epoch_begins_with_the_longest_texts(small, monkeypatch):
    monkeypatch.setattr(variations, "train_bare", lambda model, arguments, rows, *others: rows)
    rows = variations.Bench(steps=1, size=80).bare_epoch(by_tokens=True)
    lengths = [*map(len, rows["input_ids"])]
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize(
    ("arguments", "printed"), [(["alone"], "0.5"), ([], '{"fused": 1.1, "pinned": 1.2}')]
)
def test_variations_time_the_recipe_alone_or_all_of_them(monkeypatch, capsys, arguments, printed):
    bench = SimpleNamespace(seconds_per_token=lambda: 0.5)
    monkeypatch.setattr(variations, "Bench", lambda: bench)
    monkeypatch.setattr(variations, "in_process", lambda given: {"fused": 1.1})
    monkeypatch.setattr(variations, "in_children", lambda: {"pinned": 1.2})
    monkeypatch.setattr(variations.sys, "argv", ["variations", *arguments])
    variations.main()
    assert capsys.readouterr().out == f"{printed}\n"


def test_an_allocator_that_is_missing_is_said_to_be(monkeypatch):
    monkeypatch.setattr(variations.ctypes.util, "find_library", {"jemalloc": "j.so"}.get)
    given = []

    def child(module: str, *_: str, variables: dict) -> float:
        given.append(variables)
        return 2.0 if variables else 1.0

    monkeypatch.setattr(variations, "run_child", child)
    found = variations.in_children(rounds=1)
    assert found.pop("tcmalloc (LD_PRELOAD)") is found.pop("tcmalloc_minimal (LD_PRELOAD)") is None
    assert set(found.values()) == {2.0}
    assert {"LD_PRELOAD": "j.so"} in given


def test_a_variation_is_compared_with_what_ran_just_before_and_after_it():
    plain = iter([1.0, 3.0, 5.0])
    assert variations.compare(lambda: next(plain), {"slow": lambda: 8.0}, rounds=2) == {"slow": 3.0}


def test_batches_by_tokens_hold_every_row_once_and_no_more_tokens_than_asked_for():
    lengths = [50, 9, 8, 7, 3, 3, 2]
    batches = batches_by_tokens(lengths, 18)
    assert [number for batch in batches for number in batch] == list(range(len(lengths)))
    assert [len(batch) for batch in batches] == [1, 2, 2, 2]
    assert list(map(list, batches_by_rows(lengths, 4))) == [[0, 1, 2, 3], [4, 5, 6]]


def test_each_operator_is_counted_once_and_what_is_left_is_pythons():
    times = {
        "enumerate(DataLoader)#x": 9.0,
        "aten::addmm": 2.0,
        "aten::bmm": 1.0,
        "aten::native_layer_norm": 0.5,
        "new": 0.5,
    }
    shares = operators.shares_by_kind(times, whole=8.0)
    expected = {"matrix products": 0.25, "attention": 0.125, "layer norm": 0.0625}
    expected |= {"other operators": 0.0625, "Python, Trainer, loading": 0.5}
    assert {kind: share for kind, share in shares.items() if share} == expected


def test_growth_has_a_figure_for_every_size_and_length(small, monkeypatch):
    monkeypatch.setattr(growth, "SIZES", (40, 80))
    monkeypatch.setattr(growth, "LENGTHS", (8, 16))
    monkeypatch.setattr(growth, "KEPT_TOKENS", (8, 16))
    curves = {"reviews": growth.by_reviews(), "tokens": growth.by_tokens()}
    assert {tuple(curve) for curve in curves["reviews"].values()} == {(40, 80)}
    assert {tuple(curve) for curve in curves["tokens"].values()} == {(8, 16)}
    assert "^" in report.tables(results() | {"growth": curves})


@pytest.mark.parametrize(("cores", "threads"), [(1, [1, 1]), (4, [4, 2])])
def test_processes_share_a_batch_and_the_cores_and_the_largest_of_them_counts(
    monkeypatch, cores, threads
):
    def finetune(
        *arguments: str, launcher: list[str], threads: int, program: list[str]
    ) -> SimpleNamespace:
        asked.append((arguments[2], launcher[-1], threads))
        result = {"seconds": 8.0, "accuracy": 0.4}
        return SimpleNamespace(result=result, errors="peak megabytes: 700\npeak megabytes: 650\n")

    asked = []
    monkeypatch.setattr(growth.launch, "finetune", finetune)
    monkeypatch.setattr(growth.torch, "get_num_threads", lambda: cores)
    assert growth.by_processes() == {
        "training s": {1: 8, 2: 8},
        "MB each": {1: 700, 2: 700},
        "accuracy": {1: 0.4, 2: 0.4},
    }
    assert asked == [
        ("--per_device_train_batch_size=16", "--nproc-per-node=1", threads[0]),
        ("--per_device_train_batch_size=8", "--nproc-per-node=2", threads[1]),
    ]


def test_wrong_predictions_become_fewer_with_more_reviews():
    assert -1 < report.exponent(growth.errors_by_reviews()) < 0


def test_imports_are_added_up_by_package():
    report = """import time: self [us] | cumulative | imported package
import time:       300 |        300 |   torch.nn
import time:       200 |        500 | torch
import time:      4000 |       4000 | numpy
"""
    assert operators.seconds_by_package(report) == {"numpy": 0.004, "torch": 0.0005}


def test_the_tokenizations_that_are_compared_give_the_same():
    tokenizer = AutoTokenizer.from_pretrained(get_source().model)
    texts = Dataset.from_dict({"text": ["good", "so " * tokenizer.model_max_length]})
    called = tokenization.call_tokenizer(texts[:], tokenizer)
    assert called["input_ids"] == tokenize(texts, tokenizer)["input_ids"]


def test_tokenization_prints_what_the_report_needs(capsys):
    tokenization.main(size=20)
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["rows"] == 20
    text = report.tables(results() | {"tokenization": found})
    assert "Tokenizing 20 texts" in text
    assert "map of tokenizer(...), num_proc=2" in text


@pytest.mark.slow
def test_a_hundred_thousand_rows_go_through_01_to_04_in_two_gigabytes():
    found = speed.run_child("many_rows")
    assert found["rows"] == 100_000
    assert 0 < found["short_rows"] < 100_000
    assert found["peak_megabytes"] < 2_048
