"""What a classifier of ordered levels can be asked for."""

import numpy as np
import pytest
import torch

from helpers.objectives import (
    cumulative_loss,
    cumulative_probabilities,
    median_level,
    rater_shares,
    soft_label,
)


def test_a_level_has_the_share_of_the_raters_who_gave_it():
    assert rater_shares([-4, -3, 0, 1]) == [0.5, 0.0, 0.25, 0.25, 0.0]


def test_a_soft_label_is_of_the_mean_not_of_the_raters():
    divided = [-4] * 10 + [4] * 10
    assert rater_shares(divided) == [0.5, 0.0, 0.0, 0.0, 0.5]
    assert np.argmax(soft_label(divided)) == 2
    assert soft_label([3] * 15) == [0.0, 0.0, 0.0, 0.0, 1.0]


def test_a_soft_label_doubts_where_the_mean_is_near_a_cut():
    # Their mean is 2.0, where `positive` ends.
    near = soft_label([1, 3] * 10)
    assert min(near[3:]) > 0.3
    assert sum(near[3:]) == pytest.approx(1)


def test_a_mean_that_equals_a_cut_belongs_to_the_lower_level():
    assert soft_label([2] * 15) == [0.0, 0.0, 0.0, 1.0, 0.0]
    assert soft_label([-2] * 15) == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_cross_entropy_with_shares_is_the_mean_over_the_raters():
    logits = torch.tensor([[0.5, -1.0, 2.0, 0.0, 1.0]])
    shares = torch.tensor([rater_shares([-4, 0, 0, 3])])
    single = [
        torch.nn.functional.cross_entropy(logits, torch.tensor([level])) for level in (0, 2, 2, 4)
    ]
    found = torch.nn.functional.cross_entropy(logits, shares)
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
