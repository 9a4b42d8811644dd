"""Holm's correction."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from helpers.multiple_tests import holm_adjusted


def test_a_known_example():
    # Worked by hand: 4 × 0.005, 3 × 0.01, 2 × 0.03, and never below the one before.
    assert holm_adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_one_test_needs_no_correction():
    assert holm_adjusted([0.03]) == [0.03]


def test_no_p_exceeds_one():
    assert holm_adjusted([0.7, 0.9]) == [1.0, 1.0]


def test_where_nothing_helps_one_time_in_twenty_something_seems_to():
    drawn = np.random.default_rng(1).normal(size=(2_000, 13, 10))
    p_values = ttest_1samp(drawn, 0, axis=2, alternative="greater").pvalue
    assert np.mean([min(holm_adjusted(row)) < 0.05 for row in p_values]) <= 0.06
