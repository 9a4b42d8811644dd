"""What the measurements that train promise, with a narrow random model that trains in a moment."""

import json
import tempfile
from dataclasses import asdict, replace
from unittest.mock import Mock, patch

import numpy as np
import pytest
import torch
from datasets import load_dataset
from transformers import Trainer

from benchmarks import (
    alternatives,
    growth,
    learning_curve,
    learning_rates,
    levers,
    lower_half,
    measure,
    operators,
)
from benchmarks.bare_loop import batches_by_rows, train_bare
from benchmarks.recipes import EPOCHS, build_recipes
from helpers.roofline import forward_operations, training_operations
from helpers.sampling import TEST_SIZE, VALIDATION_SIZE
from helpers.throughput import Measurement, Work
from helpers.training import training_arguments


@pytest.fixture
def trained(monkeypatch, narrow):
    """The measurements, on the narrow model; what was computed once is not kept for others."""
    for module in (learning_curve, learning_rates, levers, measure):
        monkeypatch.setattr(module, "get_source", lambda: narrow)
    lower_half._known.cache_clear()
    yield
    lower_half._known.cache_clear()


@pytest.fixture
def few(monkeypatch, trained):
    """40 reviews to train on, 10 to test."""
    rows, test, tokenizer = measure.prepare_data("longest", size=40)
    data = rows, test.select(range(10)), tokenizer
    for module in (growth, measure, operators):
        monkeypatch.setattr(module, "prepare_data", lambda *_, **__: data)
    return data


def test_what_is_measured_is_trained_on_rows_of_train(source):
    train = load_dataset(source.dataset, split="train", cache_dir=source.cache_dir)
    for size in (40, None):
        rows, test, _ = measure.prepare_data("longest", size=size)
        assert len(rows) == (size or len(train))
        assert set(rows["text"]) <= set(train["text"])
        # In the order of the seed, not as they are stored.
        assert rows["text"][:40] != train["text"][:40]
        assert len(test) == TEST_SIZE


def test_a_run_of_the_sweep_is_the_same_if_nothing_is_computed_once(monkeypatch, trained):
    monkeypatch.setattr(learning_rates, "TRAIN_SIZE", 32)
    monkeypatch.setattr(learning_rates, "CURVE_SIZE", 16)
    plan = 1e-2, 43, 16, 2
    with patch.object(learning_rates, "training_arguments", wraps=training_arguments) as asked:
        run = learning_rates.train(*plan)
    assert run.plan == plan
    given = asked.call_args_list[0].kwargs
    assert (given["learning_rate"], given["seed"], given["num_train_epochs"]) == (1e-2, 43, 2)
    assert len(run.errors) == learning_rates.HELD_OUT_SIZE
    assert len(run.step_losses) == 2
    # To four digits, not fewer.
    assert {round(loss, 4) for loss in run.step_losses} == set(run.step_losses)
    assert {round(loss, 3) for loss in run.step_losses} != set(run.step_losses)
    assert [row["epoch"] for row in run.history] == [1, 2]
    for row in run.history:
        hits = row["validation_accuracy"] * VALIDATION_SIZE
        assert hits == pytest.approx(round(hits), abs=0.02)
    monkeypatch.setattr(learning_rates, "compute_lower_half_once", lambda model, splits: None)
    again = learning_rates.train(*plan)
    assert (again.errors, again.history) == (run.errors, run.history)


def test_a_run_of_the_learning_curve_is_scored_on_every_test_review(trained):
    run = learning_curve.measure(20, 43, 3)
    assert (run.accuracy * TEST_SIZE) == pytest.approx(round(run.accuracy * TEST_SIZE))
    assert run.interval[0] < run.accuracy < run.interval[1]
    # Each wrong prediction is a level or more off.
    assert run.mae >= 1 - run.accuracy


def test_a_run_of_the_levers_predicts_every_test_review(monkeypatch, trained):
    monkeypatch.setattr(levers, "TRAIN_SIZE", 24)
    recipe = levers.float32_recipes()[-1]
    row = levers.train(recipe)
    assert row["name"] == recipe.name == "frozen lower half"
    assert len(row["predicted"]) == TEST_SIZE
    assert set(row["predicted"]) <= set("01234")
    assert row["seconds"] > 0


def test_a_whole_measurement_trains_all_epochs_and_adds_its_evaluations(monkeypatch, few):
    monkeypatch.setattr(measure, "TIMED_ROWS", 10)
    rows, test, _ = few
    best = build_recipes("float32")[-1]
    whole, part = measure.measure(best, whole=True), measure.measure(best, whole=False)
    batches = -(-len(rows) // best.arguments["per_device_train_batch_size"])
    assert whole["steps"] == part["steps"] == batches * EPOCHS - 1
    document = measure.measure(build_recipes("float32")[2], whole=False)
    assert document["steps"] == 24
    assert "accuracy" not in document
    for row in (whole, document):
        evaluations = EPOCHS * row["evaluation_seconds"]
        assert row["total_seconds"] == pytest.approx(row["training_seconds"] + evaluations)
    assert whole["once_seconds"] > 0 == document["once_seconds"]
    assert whole["accuracy"] * len(test) == pytest.approx(round(whole["accuracy"] * len(test)))


# 2 s for 16 of the 40 texts of an epoch, 400 of its 1,000 tokens with padding: 5 s an epoch.
TIMED = Measurement(Work(16, 300, 400), steps=1, seconds=2.0, epoch=Work(40, 900, 1_000))


def test_the_row_of_a_recipe_is_worked_out_from_what_was_timed(monkeypatch, few):
    predictions = np.zeros(5, dtype=int)
    for name, value in {
        "prepare_training": (None, [3.0, 1.5]),
        "measure_training": TIMED,
        "predict": (predictions, 0.5),
        "count_operations": 9e9,
        "peak_megabytes": 700,
    }.items():
        monkeypatch.setattr(measure, name, Mock(return_value=value))
    recipe = build_recipes("float32")[0]
    # 0.5 s for 5 of the 10 test texts; 1.5 s once, for three evaluations of all 10.
    evaluation = 1_000 * (0.1 + 0.05)
    assert measure.measure(recipe, whole=False) == {
        "name": recipe.name,
        "whole": False,
        "steps": recipe.timed_steps,
        "once_seconds": 3.0,
        "training_seconds": 18.0,
        "evaluation_seconds": pytest.approx(evaluation),
        "total_seconds": pytest.approx(18 + 3 * evaluation),
        "samples_per_second": pytest.approx(3_000 / 18),
        "real_tokens_per_second": 150.0,
        "tokens_per_second": pytest.approx(3_000 / 18),
        "padding_share": pytest.approx(0.1),
        "peak_megabytes": 700,
        "model_gflops": 0.5,
        "precision": "float32",
        "recipe": asdict(recipe),
    }


def test_a_recipe_is_trained_with_its_own_arguments_and_shows_no_bar(tmp_path):
    recipe = build_recipes("bfloat16")[-1]
    arguments = measure.prepare_arguments(recipe, str(tmp_path))
    given = {name: getattr(arguments, name) for name in recipe.arguments}
    assert given == recipe.arguments
    assert (arguments.num_train_epochs, arguments.bf16, arguments.fp16) == (EPOCHS, True, False)
    assert (arguments.disable_tqdm, arguments.report_to) == (True, [])


def test_operations_are_those_that_a_recipe_computes(few):
    whole = build_recipes("float32")[0]
    model, _ = measure.prepare_training(whole, [])
    every_step = measure.count_operations(model, whole, TIMED.epoch)
    assert every_step == training_operations(model, 3 * 900)
    best = build_recipes("float32")[-1]
    model, _ = measure.prepare_training(best, few[:2])
    # Of the last layer all but keys and values, for all tokens but the first.
    width, inner = model.config.hidden_size, model.config.intermediate_size
    spared = 2 * (width + 1) * width + 4 * width + (width + 1) * inner + (inner + 1) * width
    every_step = training_operations(model, 3 * 900) - 6 * spared * 3 * (900 - 40)
    # The model has two layers left; four were computed once.
    once = 2 * forward_operations(model, 900)
    assert measure.count_operations(model, best, TIMED.epoch) == every_step + once


def test_the_levers_are_written_one_row_for_each_recipe(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(levers, "prepare_embedded_environment", lambda: None)
    monkeypatch.setattr(levers, "PATH", tmp_path / "levers.json")
    monkeypatch.setattr(levers, "run_child", lambda *arguments: list(arguments))
    assert levers.main() == 0
    numbers = range(len(levers.float32_recipes()))
    written = (tmp_path / "levers.json").read_text(encoding="utf-8")
    assert json.loads(written) == [["levers", str(number)] for number in numbers]
    assert written.endswith("]\n")
    assert capsys.readouterr().out == f"written: data/levers.json, {len(numbers)} rows\n"


def test_sentence_embeddings_are_computed_without_dropout(monkeypatch, narrow, few):
    monkeypatch.setattr(alternatives, "get_source", lambda: narrow)
    rows, test, _ = few
    first, second = (alternatives.sentence_embeddings(rows, test).tolist() for _ in range(2))
    assert first == second
    assert set(first) <= set(rows["label"])


def test_labels_are_predicted_in_the_order_of_the_rows(few):
    rows, test, tokenizer = few
    recipe = build_recipes("float32")[-1]
    model, _ = measure.prepare_training(recipe, [rows, test])
    with tempfile.TemporaryDirectory() as folder:
        arguments = measure.prepare_arguments(recipe, folder)
        labels, _ = measure.predict(model, recipe, arguments, test, tokenizer, whole=True)
        one_by_one = [
            measure.predict(model, recipe, arguments, test.select([n]), tokenizer, True)[0][0]
            for n in range(len(test))
        ]
        assert measure.predict_labels(model, test, tokenizer, folder).tolist() == labels.tolist()
    assert labels.tolist() == one_by_one


def test_the_bare_loop_trains_the_same_model_as_trainer(few):
    rows, _, tokenizer = few
    recipe = build_recipes("float32")[3]
    constant = {"lr_scheduler_type": "constant", "train_sampling_strategy": "sequential"}
    recipe = replace(recipe, dropout=0.0, arguments=recipe.arguments | constant)
    bare, model = (measure.prepare_model(recipe) for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        arguments = measure.prepare_arguments(recipe, folder)
        batches = EPOCHS * batches_by_rows(rows["label"], arguments.per_device_train_batch_size)
        assert train_bare(bare, arguments, rows, batches, tokenizer) > 0
        Trainer(model, arguments, train_dataset=rows, processing_class=tokenizer).train()
    for one, other in zip(bare.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_growth_times_no_more_steps_than_an_epoch_has(monkeypatch, few):
    monkeypatch.setattr(growth, "SIZES", (39, 40))
    timed = []

    def time_steps(rows, steps, batch=None):
        timed.append((len(rows), steps))
        return real(rows, steps, batch)

    real = growth.measure
    monkeypatch.setattr(growth, "measure", time_steps)
    growth.by_reviews()
    # One more is done before, and not timed.
    assert [steps + 1 for _, steps in timed] == [2, 2]


def test_growth_states_what_was_timed_for_a_text_and_for_an_epoch(monkeypatch, few):
    monkeypatch.setattr(growth, "SIZES", (16, 32))
    monkeypatch.setattr(growth, "LENGTHS", (8,))
    monkeypatch.setattr(growth, "errors_by_tokens", dict)
    monkeypatch.setattr(growth, "measure", lambda *_: (TIMED, 3.0))
    monkeypatch.setattr(growth, "peak_megabytes", lambda: 700)
    both = {16: 700, 32: 700}
    assert growth.by_reviews() == {"epoch s": {16: 5, 32: 5}, "once s": {16: 3, 32: 3}, "MB": both}
    assert growth.by_tokens() == {"ms a text": {8: 125}, "MB": {8: 700}, "wrong": {}}


def test_the_same_steps_are_timed_with_one_thread_and_with_all(monkeypatch, few):
    counts = []
    monkeypatch.setattr(growth.torch, "set_num_threads", counts.append)
    assert list(growth.by_threads()["8 steps s"]) == counts == sorted({1, torch.get_num_threads()})


def test_the_share_of_wrong_predictions_is_of_all_test_reviews(monkeypatch, few):
    monkeypatch.setattr(growth, "KEPT_TOKENS", (8,))
    _, test, _ = few
    wrong = growth.errors_by_tokens()[8] * len(test)
    assert wrong == pytest.approx(round(wrong))


def test_cut_texts_keep_their_first_tokens_and_the_last_one(few):
    rows, _, tokenizer = few
    for before, after in zip(rows, growth.keep_tokens(rows, 6), strict=True):
        assert len(after["input_ids"]) == len(after["attention_mask"]) <= 6
        assert after["input_ids"][-1] == tokenizer.sep_token_id
        kept = len(after["input_ids"]) - 1
        assert after["input_ids"][:-1] == before["input_ids"][:kept]


def test_trainer_and_the_bare_loop_get_the_same_batches_the_longest_first(monkeypatch, few):
    seen = []

    def bare(model, arguments, rows, batches, tokenizer):
        seen.append([len(ids) for ids in rows["input_ids"]])
        assert np.concatenate([*batches]).tolist() == list(range(len(rows)))
        return 2.0

    monkeypatch.setattr(operators, "train_bare", bare)
    monkeypatch.setattr(operators, "REPEATS", 1)
    assert operators.trainer_against_bare_loop(build_recipes("float32")[-1]) > 0
    assert seen == [sorted(seen[0], reverse=True)]


def test_the_shares_of_a_profile_are_of_its_steps(monkeypatch, few):
    monkeypatch.setattr(operators, "PROFILED_STEPS", 2)
    shares = operators.profile_recipe(build_recipes("float32")[-1])
    assert sum(shares.values()) == pytest.approx(1, abs=0.2)
    assert min(shares.values()) >= 0
    assert shares["matrix products"] > 0
    assert shares["attention"] > 0


def test_what_is_remembered_in_bfloat16_gives_nearly_the_same_logits(few):
    rows, _, tokenizer = few
    *_, plain, half = build_recipes("bfloat16")
    assert half.remembered_precision == "bfloat16"
    batch = tokenizer.pad({"input_ids": rows["input_ids"][:8]}, return_tensors="pt")
    logits = []
    for recipe in (plain, half):
        model, _ = measure.prepare_training(recipe, [rows])
        outputs = model.base_model.embeddings.outputs.values()
        assert {str(each.dtype) for each in outputs} == {f"torch.{recipe.remembered_precision}"}
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            logits.append(model.eval()(**batch).logits.float())
    torch.testing.assert_close(*logits, atol=0.01, rtol=0.05)
