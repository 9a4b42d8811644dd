import time

import pytest
from datasets import Dataset

from helpers.levels import LEVELS
from helpers.throughput import CountingCollator, Measurement, Work, measure_training
from helpers.training import load_classifier, training_arguments

LENGTHS = [3, 5, 4, 8, 6, 6, 2, 7, 5, 5]


@pytest.fixture(scope="module")
def rows():
    masks = [[1] * length for length in LENGTHS]
    ids = [[2000] * length for length in LENGTHS]
    labels = [number % 5 for number in range(len(LENGTHS))]
    return Dataset.from_dict({"input_ids": ids, "attention_mask": masks, "label": labels})


def test_the_collator_counts_real_and_computed_tokens(tokenizer, rows):
    collator = CountingCollator(tokenizer)
    collator([rows[0], rows[3]])
    assert collator.batches == [Work(samples=2, real_tokens=11, tokens=16)]
    assert collator.batches[0].padding_share == pytest.approx(5 / 16)


def test_an_epoch_takes_time_in_proportion_to_its_computed_tokens():
    measured = Measurement(Work(2, 10, 20), steps=1, seconds=3.0, epoch=Work(10, 70, 100))
    assert measured.epoch_seconds == pytest.approx(15.0)


def test_the_timed_steps_are_those_after_the_first(source, tokenizer, rows, tmp_path, capfd):
    arguments = training_arguments(
        source, tmp_path, per_device_train_batch_size=2, train_sampling_strategy="sequential"
    )
    model, began = load_classifier(source, LEVELS), time.perf_counter()
    measured = measure_training(model, arguments, rows, tokenizer, steps=2)
    # Two texts a step: the first two are left out, the next four are timed.
    assert measured.timed == Work(samples=4, real_tokens=24, tokens=16 + 12)
    assert measured.epoch == Work(samples=10, real_tokens=51, tokens=10 + 16 + 12 + 14 + 10)
    assert measured.steps == 2
    assert 0 < measured.seconds < time.perf_counter() - began
    assert "train_runtime" not in capfd.readouterr().out


def test_no_steps_are_a_clear_error(source, tokenizer, rows, tmp_path):
    with pytest.raises(ValueError, match="0 steps were to be timed: pass 1 or more"):
        measure_training(None, training_arguments(source, tmp_path), rows, tokenizer, steps=0)
