"""What a classifier of ordered levels can be asked for."""

import numpy as np
import pytest
import torch

from helpers.objectives import (
    cumulative_loss,
    cumulative_probabilities,
    median_level,
    soft_label,
)


def test_a_soft_label_is_the_share_of_raters_at_each_level():
    assert soft_label([-4, -3, 0, 1]) == [0.5, 0.0, 0.25, 0.25, 0.0]


def test_cross_entropy_with_a_soft_label_is_the_mean_over_the_raters():
    logits = torch.tensor([[0.5, -1.0, 2.0, 0.0, 1.0]])
    soft = torch.tensor([soft_label([-4, 0, 0, 3])])
    single = [
        torch.nn.functional.cross_entropy(logits, torch.tensor([level])) for level in (0, 2, 2, 4)
    ]
    found = torch.nn.functional.cross_entropy(logits, soft)
    assert found.item() == pytest.approx(torch.stack(single).mean().item())


def test_the_ordinal_loss_of_undecided_answers_is_ln_2():
    for level in range(5):
        loss = cumulative_loss(torch.zeros(1, 4), torch.tensor([level]))
        assert loss.item() == pytest.approx(np.log(2))


def test_the_ordinal_loss_grows_with_the_distance_of_the_answer():
    sure_of = {level: torch.tensor([[9.0] * level + [-9.0] * (4 - level)]) for level in range(5)}
    truth = torch.tensor([1])
    losses = [cumulative_loss(sure_of[level], truth).item() for level in (1, 2, 3, 4)]
    assert losses == sorted(losses)
    assert losses[0] < 0.001
    # One more wrong answer of four, each of which costs 9.
    assert np.diff(losses) == pytest.approx(9 / 4, abs=0.001)


def test_answers_on_the_cuts_become_probabilities_of_the_levels():
    above = np.array([0.9, 0.7, 0.4, 0.1])
    logits = np.log(above / (1 - above))[np.newaxis]
    assert cumulative_probabilities(logits)[0] == pytest.approx([0.1, 0.2, 0.3, 0.3, 0.1])


def test_contradicting_answers_still_become_probabilities():
    found = cumulative_probabilities(np.array([[0.0, 3.0, -3.0, 2.0]]))[0]
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)


def test_no_level_has_a_smaller_expected_error_than_the_median():
    drawn = np.random.default_rng(0).dirichlet(np.ones(5), size=200)
    distance = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    expected = drawn @ distance
    chosen = expected[np.arange(200), median_level(drawn)]
    assert chosen == pytest.approx(expected.min(axis=1))
