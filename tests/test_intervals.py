import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.intervals import bootstrap_interval, cluster_bootstrap_interval

HITS = st.lists(st.integers(0, 1), min_size=1, max_size=50)


@given(HITS)
def test_the_interval_lies_within_the_range_of_the_values(hits):
    low, high = bootstrap_interval(hits, resamples=50)
    assert min(hits) <= low <= high <= max(hits)


def test_the_interval_is_that_of_the_normal_approximation_for_many_values():
    hits = [1] * 500 + [0] * 500
    half_width = 1.96 * math.sqrt(0.5 * 0.5 / 1_000)
    expected = (0.5 - half_width, 0.5 + half_width)
    assert bootstrap_interval(hits) == pytest.approx(expected, abs=0.004)


def test_the_same_seed_gives_the_same_interval_and_another_another():
    values = list(range(20))
    first, same, other = (bootstrap_interval(values, seed=seed) for seed in (1, 1, 2))
    assert first == same != other


def test_the_ends_are_plain_numbers():
    assert [type(end) for end in bootstrap_interval([0, 1], resamples=5)] == [float, float]


@pytest.mark.parametrize("values", [[], np.array([])])
def test_no_values_are_refused(values):
    with pytest.raises(ValueError, match="no scores to resample"):
        bootstrap_interval(values)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, math.nan])
def test_a_level_that_is_no_share_is_refused(level):
    with pytest.raises(ValueError, match="pass a number between 0 and 1"):
        bootstrap_interval([0, 1], level=level)


def test_clusters_of_equal_values_count_as_one_value_each():
    hits = [0, 1] * 100
    clustered = cluster_bootstrap_interval([[hit] * 10 for hit in hits])
    assert clustered == pytest.approx(bootstrap_interval(hits), abs=0.01)


def test_a_cluster_weighs_as_much_as_it_has_values():
    assert cluster_bootstrap_interval([[1, 1, 1, 0]], resamples=5) == (0.75, 0.75)


@pytest.mark.parametrize("clusters", [[], [[1], []]])
def test_no_clusters_or_an_empty_one_are_refused(clusters):
    with pytest.raises(ValueError, match="no clusters to resample, or one of them is empty"):
        cluster_bootstrap_interval(clusters)
