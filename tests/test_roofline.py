import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from helpers import roofline
from helpers.levels import LEVELS
from helpers.roofline import (
    attention_operations,
    encoder_parameters,
    forward_operations,
    measure_bandwidth,
    measure_peak_gflops,
    training_bytes,
    training_operations,
)
from helpers.training import freeze_lower_layers, load_classifier

LAYER = 4 * (384 * 384 + 384) + 2 * 384 * 1536 + 1536 + 384 + 4 * 384
EMBEDDINGS = (30_522 + 512 + 2) * 384 + 2 * 384
POOLER_AND_HEAD = 384 * 384 + 384 + 5 * 384 + 5


@pytest.fixture
def model(source):
    return load_classifier(source, LEVELS)


def test_the_encoder_is_its_layers_without_embeddings_and_head(model):
    assert encoder_parameters(model) == 6 * LAYER


def test_training_takes_six_operations_for_each_parameter_and_token(model):
    assert forward_operations(model, 10) == 2 * 6 * LAYER * 10
    assert training_operations(model, 10) == 6 * 6 * LAYER * 10


def test_frozen_layers_are_computed_forward_only(model):
    freeze_lower_layers(model, 3)
    assert encoder_parameters(model, trained_only=True) == 3 * LAYER
    assert training_operations(model, 10) == (2 * 6 + 4 * 3) * LAYER * 10


def test_attention_multiplies_every_token_with_every_token_of_its_text(model):
    forward = 2 * 2 * 384 * 512 * 10 * 6
    assert attention_operations(model, tokens=10, length=512) == 3 * forward
    freeze_lower_layers(model, 3)
    assert attention_operations(model, tokens=10, length=512) == 2 * forward


def test_attention_is_what_a_counter_of_operations_finds_beside_the_parameters(model):
    # Written out, because PyTorch's counter does not know the fused attention of a CPU.
    model.set_attn_implementation("eager")
    tokens = torch.full((2, 64), 1000)
    with FlopCounterMode(display=False) as counter:
        model(input_ids=tokens).logits.sum().backward()
    # The pooler and the head see one token of each text.
    pooler_and_head = 6 * 2 * (384 * 384 + 384 * 5)
    counted = counter.get_total_flops() - pooler_and_head
    expected = training_operations(model, 128) + attention_operations(model, 128, 64)
    assert expected == pytest.approx(counted, rel=0.005)


def test_a_trained_parameter_is_moved_thirteen_times_and_an_embedding_without_its_reading(model):
    layers_and_head = 6 * LAYER + POOLER_AND_HEAD
    assert training_bytes(model) == 52 * layers_and_head + 44 * EMBEDDINGS


def test_a_frozen_parameter_is_read_once_and_a_frozen_embedding_not_at_all(model):
    freeze_lower_layers(model, 6)
    assert training_bytes(model) == 4 * 6 * LAYER + 52 * POOLER_AND_HEAD


def test_the_least_of_nine_durations_counts_and_the_first_is_not_measured(monkeypatch):
    done = []

    def measured(work: object, number: int, repeat: int) -> list[float]:
        assert (done, number, repeat) == (["work"], 1, 9)
        return [5.0, 3.0, 4.0]

    monkeypatch.setattr(roofline.timeit, "repeat", measured)
    assert roofline._least_seconds(lambda: done.append("work")) == 3


def test_a_product_counts_two_operations_and_a_copy_its_bytes_twice(monkeypatch):
    monkeypatch.setattr(roofline, "_least_seconds", lambda work: work() is None or 0.5)
    assert measure_peak_gflops(64, 128, tokens=10) == pytest.approx(2 * 10 * 64 * 128 / 0.5 / 1e9)
    assert measure_bandwidth() == pytest.approx(2 * 4 * 2**26 / 0.5 / 1e9)
