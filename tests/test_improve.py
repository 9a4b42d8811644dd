"""data/improvement.json holds what `improve` measures by its rule, and notebook 13 uses it."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from support.notebooks import code_cells

from benchmarks import improve
from benchmarks.improve import (
    AVERAGE,
    LEVERS,
    LIVE,
    RECIPE,
    ROWS,
    SEEDS,
    choose,
    level_probabilities,
    loss_function,
    planned_runs,
    prepare_data,
    prepare_model,
    prepare_rows,
)
from helpers.improvement import LeverRun, read_lever_runs, write_lever_runs
from helpers.sampling import split_validation, take_sample
from helpers.training import RECIPE as ARGUMENTS

SIZE = 2_000


def lever_run(split: str, precision: str, row: str, seed: int, accuracy: float = 0.5) -> LeverRun:
    hits = round(accuracy * SIZE)
    return LeverRun(
        split, precision, row, seed, "0" * hits + "1" * (SIZE - hits), 1, 2, "a machine"
    )


@pytest.fixture(scope="module")
def runs() -> list[LeverRun]:
    return read_lever_runs()


def test_each_measured_run_is_planned_and_stands_there_once(runs):
    found = [(run.split, run.precision, run.lever, run.seed) for run in runs]
    assert len(set(found)) == len(found)
    (precision,) = {run.precision for run in runs if run.lever == RECIPE}
    planned = set(planned_runs(precision))
    assert [key for key in found if key[0] == "validation" and key not in planned] == []
    assert ("validation", "float32", LIVE, SEEDS[0]) in found


def test_every_lever_has_the_recipe_with_the_same_seed_beside_it(runs):
    recipe = {(run.split, run.seed) for run in runs if run.lever == RECIPE}
    assert {(run.split, run.seed) for run in runs} <= recipe


def test_the_test_split_was_scored_for_the_recipe_and_the_chosen_row_only(runs):
    opened = {run.lever for run in runs if run.split == "test"}
    precision = next(run.precision for run in runs if run.lever == RECIPE)
    assert opened <= {RECIPE, choose(runs, precision)}


def test_each_run_is_scored_on_two_thousand_reviews(runs):
    for run in runs:
        assert len(run.errors) == SIZE, run
        assert set(run.errors) <= set("01234"), run


def test_it_trains_on_the_course_s_thousand_reviews_and_no_part_shares_a_text(source):
    data = prepare_data()
    from datasets import load_dataset

    dataset = load_dataset(source.dataset, cache_dir=source.cache_dir)
    expected = take_sample(split_validation(dataset["train"])["train"], 1_000)
    assert data.train["text"][:] == expected["text"][:]
    assert len(data.validation) == len(data.test) == SIZE
    parts = [set(part["text"]) for part in (data.train, data.stopping, data.validation, data.rest)]
    assert sum(map(len, parts)) == len(dataset["train"])
    for first, second in itertools.combinations([*parts, set(data.test["text"])], 2):
        assert not first & second


def test_the_first_row_is_the_recipe_of_notebook_07():
    lever = LEVERS[RECIPE]
    assert lever.epochs == ARGUMENTS["num_train_epochs"]
    assert "num_hidden_layers // 2" in code_cells("07")["freeze"].source
    assert lever.frozen_layers == improve.FROZEN == 6 // 2
    assert (lever.rate, lever.head_rate, lever.lora_rank, lever.teacher) == (None, None, 0, None)
    assert (lever.objective, lever.mean_pooling, lever.adapted) == ("labels", False, False)


def test_notebook_13_lists_the_rows_that_are_measured():
    names: dict[str, object] = {}
    exec(code_cells("13")["guess"].source, names)
    assert sorted(names["names"]) == sorted(row for row in ROWS if row != RECIPE)


def test_the_soft_labels_of_a_row_are_of_its_own_raters():
    data = prepare_data()
    rows, _ = prepare_rows(LEVERS["soft labels"], 42, "float32")
    assert rows["input_ids"][:] == data.train["input_ids"][:]
    shares = np.array(rows["label"][:])
    assert shares.sum(axis=1) == pytest.approx(np.ones(1_000))
    assert (shares.argmax(axis=1) == np.array(data.train["label"])).mean() > 0.95


@pytest.mark.parametrize("name", ["rater shares", "ordinal loss", "regression", "LoRA"])
def test_each_objective_gives_five_probabilities_and_a_loss_that_trains_the_head(name, source):
    lever = LEVERS[name]
    model = prepare_model(lever, source, 42)
    rows, _ = prepare_rows(lever, 42, "float32")
    ids = torch.tensor([rows[0]["input_ids"]])
    outputs = model(ids, torch.ones_like(ids))
    labels = torch.tensor([rows[0]["label"]])
    loss_function(lever)(outputs, labels, num_items_in_batch=None).backward()
    assert model.classifier.weight.grad.abs().sum() > 0
    found = level_probabilities(lever, outputs["logits"].detach().numpy())
    assert found.shape == (1, 5)
    assert found.sum() == pytest.approx(1)


def test_a_regression_rounds_to_the_nearest_level_and_never_leaves_the_scale():
    logits = np.array([[-9.0], [-0.6], [0.2], [1.4], [9.0]])
    found = level_probabilities(LEVERS["regression"], logits)
    assert found.argmax(axis=1).tolist() == [0, 1, 2, 3, 4]


def test_the_rule_chooses_the_largest_gain_that_is_no_luck():
    generator = np.random.default_rng(0)
    true_gain = {row: 0.0 for row in ROWS} | {"soft labels": 0.02, AVERAGE: 0.03}
    made = [
        lever_run("validation", "float32", row, seed, gain + generator.normal(0.45, 0.002))
        for row, gain in true_gain.items()
        for seed in SEEDS
    ]
    assert choose(made, "float32") == AVERAGE


def test_the_rule_chooses_nothing_where_nothing_helps():
    generator = np.random.default_rng(0)
    made = [
        lever_run("validation", "float32", row, seed, generator.normal(0.45, 0.01))
        for row in ROWS
        for seed in SEEDS
    ]
    assert choose(made, "float32") is None


def test_what_is_measured_already_is_not_measured_again(monkeypatch, tmp_path):
    path = tmp_path / "improvement.json"
    monkeypatch.setattr(improve, "fast_precision", lambda: "float32")
    planned = dict.fromkeys(planned_runs("float32"))
    write_lever_runs([lever_run(*key) for key in list(planned)[:-2]], path)
    measured = []

    def measure(*key: object) -> LeverRun:
        measured.append(key)
        return lever_run(*key)

    monkeypatch.setattr(improve, "PATH", path)
    monkeypatch.setattr(improve, "measure", measure)
    improve.main()
    # Nothing helps in these, so the test split is opened for the recipe alone.
    assert measured[:2] == list(planned)[-2:]
    assert measured[2:] == [("test", "float32", RECIPE, seed) for seed in SEEDS]


def test_the_command_trains_every_row_and_opens_the_test_split_last(monkeypatch, tmp_path, narrow):
    data = prepare_data()
    sizes = {"train": 32, "stopping": 10, "validation": 20, "test": 10, "rest": 16}
    few = {name: getattr(data, name).select(range(size)) for name, size in sizes.items()}
    monkeypatch.setattr(improve, "prepare_data", lambda: dataclasses.replace(data, **few))
    monkeypatch.setattr(improve, "get_source", lambda: narrow)
    monkeypatch.setattr(improve, "SEEDS", range(42, 43))
    monkeypatch.setattr(improve, "BUILD", tmp_path / "build")
    monkeypatch.setattr(improve, "PATH", tmp_path / "improvement.json")
    monkeypatch.setattr(improve, "fast_precision", lambda: "float32")
    monkeypatch.setattr(improve, "choose", lambda runs, precision: AVERAGE)
    improve.remember_texts.cache_clear()
    try:
        improve.main()
    finally:
        improve.remember_texts.cache_clear()
    found = read_lever_runs(tmp_path / "improvement.json")
    scored = {split: [run.lever for run in found if run.split == split] for split in sizes}
    assert sorted(scored["validation"]) == sorted(ROWS)
    assert sorted(scored["test"]) == sorted((RECIPE, AVERAGE))
    spent = {run.lever: run.cpu_seconds for run in found if run.split == "validation"}
    # A student's teacher and the six models of an average have to be trained too.
    assert spent["self-training"] > spent[RECIPE]
    assert spent[AVERAGE] > spent["all layers"]
    assert all(run.seconds > 0 for run in found)
