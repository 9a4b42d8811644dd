"""`speedrun` counts a recipe by its rule, resumes after a stop, and reads no test review."""

import itertools
import json
from dataclasses import replace
from statistics import fmean
from types import SimpleNamespace

import pytest
from datasets import load_dataset
from filelock import FileLock

from benchmarks import speedrun
from benchmarks.learning_rates import HELD_OUT_SIZE
from benchmarks.speedrun import (
    COURSE_RECIPES,
    LARGEST_P,
    RECIPES,
    SEEDS,
    TARGET,
    RecipeError,
    SpeedRun,
)
from helpers.learning_rates import read_runs
from helpers.sampling import TRAIN_SIZE
from helpers.sources import PROJECT

CONSTANT = "def train(train, validation, seed):\n    return lambda reviews: [3] * len(reviews)\n"


def speed_run(digest: str, seed: int, accuracy: float = 0.5) -> SpeedRun:
    return SpeedRun("mine", digest, seed, accuracy, 20.0 + seed, 10.0, "a machine", "2026-11-30")


def ten_runs(*accuracies: float) -> list[SpeedRun]:
    pairs = zip(SEEDS, itertools.cycle(accuracies), strict=False)
    return [speed_run("0", seed, accuracy) for seed, accuracy in pairs]


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(CONSTANT, encoding="utf-8")
    return path


@pytest.fixture
def measured(monkeypatch, tmp_path) -> list[int]:
    """The seeds that are run; nothing is trained, and the file is in an empty folder."""
    seeds = []

    def run_child(module: str, path: str, seed: str, variables: dict) -> dict:
        seeds.append(int(seed))
        digest = speedrun.digest(speedrun.Path(path))
        return vars(speed_run(digest, int(seed), accuracy=int(seed) / 100))

    monkeypatch.setattr(speedrun, "BUILD", tmp_path)
    monkeypatch.setattr(speedrun, "PATH", tmp_path / "speedrun.json")
    monkeypatch.setattr(speedrun, "run_child", run_child)
    return seeds


def test_a_recipe_counts_if_its_mean_is_clearly_above_the_target():
    assert speedrun.verdict(ten_runs(TARGET + 0.02, TARGET + 0.01)).startswith("It counts")


@pytest.mark.parametrize("gains", [(0.05, -0.04), (-0.02, -0.01), (0.01, -0.01)])
def test_it_does_not_count_if_that_may_be_luck(gains):
    runs = ten_runs(*(TARGET + gain for gain in gains))
    assert speedrun.verdict(runs).startswith("It does not count")


def test_the_p_is_that_of_one_side():
    accuracies = [TARGET + gain for gain in (0.03, -0.01, 0.02, 0.0)]
    low = [2 * TARGET - accuracy for accuracy in accuracies]
    assert speedrun.p_value(accuracies) == pytest.approx(0.176694, abs=1e-6)
    assert speedrun.p_value(low) == pytest.approx(1 - 0.176694, abs=1e-6)


def test_the_line_of_the_table_has_medians_the_mean_and_where_it_was():
    runs = ten_runs(0.5, 0.6)
    line = speedrun.table_line([replace(runs[0], date="2026-11-29"), *runs[1:]])
    assert line.startswith("| `mine` | 10.0 | 66.5 | 0.5500 | ")
    assert line.endswith(" | a machine | 2026-11-30 |")


def test_what_ran_already_is_not_run_again(recipe, measured):
    own, other = speedrun.digest(recipe), speed_run("another", 42)
    stored = [other, *(speed_run(own, seed) for seed in SEEDS[:-2])]
    speedrun.PATH.write_text(json.dumps([vars(run) for run in stored]), encoding="utf-8")
    runs = speedrun.measure_recipe(recipe)
    assert measured == list(SEEDS[-2:])
    assert [run.seed for run in runs] == list(SEEDS)
    assert vars(other) in json.loads(speedrun.PATH.read_text(encoding="utf-8"))


def test_a_changed_recipe_is_run_anew(recipe, measured):
    speedrun.measure_recipe(recipe)
    recipe.write_text(CONSTANT + "# changed\n", encoding="utf-8")
    assert len(speedrun.measure_recipe(recipe)) == len(SEEDS)
    assert measured == [*SEEDS, *SEEDS]


def test_the_command_prints_the_line_and_the_verdict(recipe, measured, capsys):
    assert speedrun.main([str(recipe)]) == 0
    assert capsys.readouterr().out.startswith("| `mine` | 10.0 |")


def test_two_at_once_would_slow_each_other(recipe, measured, capsys, tmp_path):
    with FileLock(tmp_path / ".speedrun.lock"):
        assert speedrun.main([str(recipe)]) == 1
    assert "Another speedrun is running" in capsys.readouterr().err
    assert measured == []


def test_a_file_that_is_not_there_is_named(capsys):
    assert speedrun.main(["nowhere.py"]) == 2
    assert capsys.readouterr().err == "There is no recipe nowhere.py: pass a Python file.\n"


def test_a_recipe_predicts_the_held_out_reviews(recipe):
    run = speedrun.run(recipe, 42)
    labels = speedrun.held_out_data()[2]["label"]
    assert run.accuracy == list(labels).count(3) / HELD_OUT_SIZE
    assert (run.recipe, run.seed) == ("mine", 42)


def test_seconds_are_kept_to_a_tenth(recipe, monkeypatch):
    clock, cpu = iter([100.0, 112.34]), iter([50.0, 71.26])
    monkeypatch.setattr(speedrun, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    monkeypatch.setattr(speedrun, "_cpu_seconds", lambda: next(cpu))
    run = speedrun.run(recipe, 42)
    assert (run.seconds, run.cpu_seconds) == (12.3, 21.3)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1\n", "mine.py has no function train"),
        (CONSTANT.replace(" * len(reviews)", ""), r"shape \(1,\): one for each of 2,000"),
    ],
)
def test_a_recipe_of_another_shape_is_refused_in_a_sentence(recipe, code, message):
    recipe.write_text(code, encoding="utf-8")
    with pytest.raises(RecipeError, match=message):
        speedrun.run(recipe, 42)


def test_a_recipe_of_another_shape_ends_the_command_with_that_sentence(recipe, capsys):
    recipe.write_text("x = 1\n", encoding="utf-8")
    assert speedrun.run_one(recipe, 42) == 1
    assert capsys.readouterr().err.startswith("mine.py has no function train")


def test_a_recipe_that_fails_is_told_its_own_line(recipe, capsys):
    recipe.write_text("def train(train, validation, seed):\n    train['none']\n", encoding="utf-8")
    assert speedrun.run_one(recipe, 42) == 1
    assert capsys.readouterr().err.startswith("mine.py failed in line 2: ")


def test_the_target_is_a_point_below_what_notebook_07_reaches_on_these_reviews(source):
    rate = source.learning_rate
    runs = [run for run in read_runs() if run.learning_rate == rate and run.samples == TRAIN_SIZE]
    mean = fmean(run.errors.count("0") / HELD_OUT_SIZE for run in runs)
    assert pytest.approx(mean - 0.01, abs=0.005) == TARGET


def test_the_rules_on_paper_are_those_of_the_command():
    for page in ("speedrun.md", "speedrun.zh-CN.md"):
        text = (PROJECT / "docs" / page).read_text(encoding="utf-8")
        for number in (f"{TARGET}", f"{HELD_OUT_SIZE:,}", f"p < {LARGEST_P}"):
            assert number in text


def test_no_part_shares_a_text_and_none_is_of_test(source):
    parts = [set(part["text"]) for part in speedrun.held_out_data()]
    assert [len(part) for part in parts] == [1_000, 300, HELD_OUT_SIZE]
    test = load_dataset(source.dataset, split="test", cache_dir=source.cache_dir)
    for first, second in itertools.combinations([*parts, set(test["text"])], 2):
        assert not first & second


@pytest.mark.parametrize("name", COURSE_RECIPES)
def test_each_recipe_of_the_course_is_a_file_that_fits_a_screen(name):
    path = RECIPES / f"{name}.py"
    assert callable(speedrun.load_recipe(path))
    assert len(path.read_text(encoding="utf-8").splitlines()) < 50
