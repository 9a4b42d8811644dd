"""data/learning_rates.json holds what `learning-rates` measures, and notebook 07 uses it."""

from itertools import pairwise

import numpy as np
import pytest

from benchmarks import learning_rates
from benchmarks.learning_rates import (
    CURVE_EPOCHS,
    CURVE_SIZE,
    HELD_OUT_SIZE,
    RATES,
    SEEDS,
    planned_runs,
    today_s_recipe,
)
from helpers.learning_rates import RateRun, read_recipe, read_runs, write_runs
from helpers.sampling import SEED, TRAIN_SIZE, VALIDATION_SIZE
from helpers.training import RECIPE

ROW = {"epoch": 1.0, "training_loss": 1.6, "validation_loss": 1.6, "validation_accuracy": 0.2}


@pytest.fixture(scope="module")
def runs() -> list[RateRun]:
    return read_runs()


@pytest.fixture
def path(monkeypatch, tmp_path):
    """An empty place for the file, and a recipe that needs no model."""
    monkeypatch.setattr(learning_rates, "PATH", tmp_path / "rates.json")
    monkeypatch.setattr(learning_rates, "today_s_recipe", lambda: RECIPE)
    return tmp_path / "rates.json"


@pytest.fixture
def measured(monkeypatch) -> list[tuple]:
    """The plans that the command measures; it trains nothing."""
    plans = []

    def measure(*plan: float) -> RateRun:
        plans.append(plan)
        return RateRun(*plan, [ROW], "01", [])

    monkeypatch.setattr(learning_rates, "train", measure)
    return plans


def test_the_rates_go_from_1e_5_to_1e_3_in_even_steps_and_hold_the_course_s_own(source):
    assert (RATES[0], RATES[-1]) == (1e-5, 1e-3)
    assert len(RATES) >= 5
    assert source.learning_rate in RATES
    steps = [high / low for low, high in pairwise(RATES)]
    assert max(steps) / min(steps) < 1.2


def test_every_rate_has_three_seeds_or_more_and_the_course_s_own_among_them():
    assert len(set(SEEDS)) >= 3
    assert SEED in SEEDS
    epochs = RECIPE["num_train_epochs"]
    assert {(rate, seed, TRAIN_SIZE, epochs) for rate in RATES for seed in SEEDS} <= set(
        planned_runs()
    )


def test_every_planned_run_was_measured_once(runs):
    assert sorted(run.plan for run in runs) == sorted(planned_runs())


def test_the_runs_were_measured_with_today_s_recipe():
    assert read_recipe() == today_s_recipe()


def test_each_epoch_was_evaluated_on_the_validation_reviews(runs):
    for run in runs:
        assert [row["epoch"] for row in run.history] == list(range(1, run.epochs + 1))
        for row in run.history:
            hits = row["validation_accuracy"] * VALIDATION_SIZE
            assert hits == pytest.approx(round(hits), abs=0.02), run.plan


def test_each_held_out_review_has_an_error_from_0_to_4_levels(runs):
    for run in runs:
        assert len(run.errors) == HELD_OUT_SIZE
        assert set(run.errors) <= set("01234")


def test_what_was_held_out_agrees_with_validation(runs):
    for run in runs:
        best = max(row["validation_accuracy"] for row in run.history)
        # Four standard errors of the smaller sample.
        accuracy = run.errors.count("0") / HELD_OUT_SIZE
        assert accuracy == pytest.approx(best, abs=4 * np.sqrt(0.25 / VALIDATION_SIZE))


def test_one_curve_overfits(runs, source):
    plan = source.learning_rate, SEED, CURVE_SIZE, CURVE_EPOCHS
    (curve,) = [run for run in runs if run.plan == plan]
    losses = [row["validation_loss"] for row in curve.history]
    assert losses[-1] > min(losses)
    assert curve.history[-1]["training_loss"] < min(losses) / 2


def test_what_is_measured_already_is_not_measured_again(path, measured):
    write_runs(RECIPE, [RateRun(*plan, [ROW], "01", []) for plan in planned_runs()[:-2]], path)
    learning_rates.main()
    assert measured == planned_runs()[-2:]
    assert len(read_runs(path)) == len(planned_runs())


def test_runs_of_another_recipe_are_measured_anew(path, measured):
    runs = [RateRun(*plan, [ROW], "34", []) for plan in planned_runs()]
    write_runs(RECIPE | {"num_train_epochs": 99}, runs, path)
    learning_rates.main()
    assert measured == planned_runs()
    assert {run.errors for run in read_runs(path)} == {"01"}
    assert read_recipe(path) == RECIPE


def test_a_run_is_stored_as_soon_as_it_is_measured(path, monkeypatch):
    def fail_at_the_third(*plan: float) -> RateRun:
        if plan == planned_runs()[2]:
            raise KeyboardInterrupt
        return RateRun(*plan, [ROW], "01", [])

    monkeypatch.setattr(learning_rates, "train", fail_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        learning_rates.main()
    assert {run.plan for run in read_runs(path)} == set(planned_runs()[:2])
