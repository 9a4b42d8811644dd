"""data/learning_curve.json holds what `learning-curve` measures, and notebook 11 uses it."""

import pytest
import torch
from datasets import load_dataset
from transformers import AutoTokenizer

from benchmarks import learning_curve
from benchmarks.learning_curve import SIZES, planned_runs
from helpers.finetune import FinetuneArguments, prepare_data, prepare_model
from helpers.learning_curve import CurveRun, read_runs, write_runs
from helpers.sampling import TEST_SIZE, split_validation


@pytest.fixture(scope="module")
def runs() -> list[CurveRun]:
    return read_runs()


def test_every_planned_run_was_measured_once(runs):
    assert [(run.samples, run.seed, run.frozen_layers) for run in runs] == sorted(planned_runs())


def test_the_last_size_is_all_of_train_that_validation_leaves(source):
    train = load_dataset(source.dataset, split="train", cache_dir=source.cache_dir)
    left = split_validation(train)["train"]
    assert SIZES[-1] == len(left)


def test_each_accuracy_is_a_share_of_the_test_reviews_inside_its_interval(runs):
    for run in runs:
        hits = run.accuracy * TEST_SIZE
        assert hits == pytest.approx(round(hits), abs=1e-6), run
        low, high = run.interval
        assert low < run.accuracy < high, run
        # Four standard errors of a share: what an interval of 95 % from so many reviews spans.
        standard_error = (run.accuracy * (1 - run.accuracy) / TEST_SIZE) ** 0.5
        assert high - low == pytest.approx(4 * standard_error, rel=0.15), run
        assert 0 < run.mae < 2, run


def test_a_seed_draws_reviews_and_a_head_but_neither_validation_nor_test(source):
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    arguments = FinetuneArguments(train_samples=20)
    first, second = (prepare_data(source, tokenizer, arguments, seed) for seed in (42, 43))
    assert first.train["text"][:] != second.train["text"][:]
    assert first.validation["text"][:] == second.validation["text"][:]
    assert first.test["text"][:] == second.test["text"][:]
    heads = [prepare_model(source, first.label_names, None, seed).classifier for seed in (42, 43)]
    assert not torch.equal(heads[0].weight, heads[1].weight)


def test_what_is_measured_already_is_not_measured_again(monkeypatch, tmp_path):
    path = tmp_path / "curve.json"
    known = [CurveRun(*run, 0.5, (0.4, 0.6), 0.7) for run in planned_runs()[:-2]]
    write_runs(known, path)
    measured = []

    def measure(*run: int) -> CurveRun:
        measured.append(run)
        return CurveRun(*run, 0.5, (0.4, 0.6), 0.7)

    monkeypatch.setattr(learning_curve, "PATH", path)
    monkeypatch.setattr(learning_curve, "measure", measure)
    learning_curve.main()
    assert measured == planned_runs()[-2:]
    assert len(read_runs(path)) == len(planned_runs())
