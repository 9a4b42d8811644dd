import pytest

from helpers.levels import LEVELS
from helpers.roofline import (
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


def test_every_parameter_is_moved_and_a_trained_one_five_times_as_often(model):
    total = EMBEDDINGS + 6 * LAYER + POOLER_AND_HEAD
    assert training_bytes(model) == 40 * total
    freeze_lower_layers(model, 6)
    assert training_bytes(model) == 8 * total + 32 * POOLER_AND_HEAD


def test_the_machine_computes_and_moves_something():
    assert measure_peak_gflops(64, 128) > 0
    assert measure_bandwidth() > 0
