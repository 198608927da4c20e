from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from fuselab.reports.statistics.effect import chance_of_better, cliffs_delta, cohens_d, hedges_g

GENERATOR = np.random.default_rng(0)


def test_cohens_d_is_the_mean_by_the_deviation():
    difference = GENERATOR.normal(0.01, 0.02, (5, 6))
    np.testing.assert_allclose(cohens_d(difference), difference.mean(1) / difference.std(1, ddof=1))


@pytest.mark.parametrize("seeds", [3, 5, 20])
def test_hedges_g_has_no_bias(seeds):
    """Of normal differences with a true effect of 0.7, d is too large on average and g is right."""
    difference = GENERATOR.normal(0.7, 1.0, (100_000, seeds))
    assert hedges_g(difference).mean() == pytest.approx(0.7, abs=0.02)
    assert cohens_d(difference).mean() > 0.72


def test_hedges_factor_is_the_published_one():
    # Hedges (1981), table 2: 0.5642 at 2 degrees of freedom, 0.7979 at 4.
    for seeds, factor in ((3, 0.5642), (5, 0.7979)):
        difference = GENERATOR.normal(size=(1, seeds))
        assert (hedges_g(difference) / cohens_d(difference))[0] == pytest.approx(factor, abs=5e-5)


def test_effects_of_too_few_seeds_or_no_spread_are_unknown():
    difference = np.array([[0.1, np.nan, np.nan], [0.1, 0.2, np.nan], [0.1, 0.1, 0.1]])
    assert np.isnan(cohens_d(difference)).tolist() == [True, False, True]
    assert np.isnan(hedges_g(difference)).tolist() == [True, True, True]


def test_cliffs_delta_counts_every_pair():
    first, second = np.round(GENERATOR.normal(0.8, 0.02, (2, 9)), 2)
    counted = sum(int(one > two) - int(one < two) for one in first for two in second) / 81
    assert cliffs_delta(first, second) == pytest.approx(counted)
    assert cliffs_delta(second, first) == pytest.approx(-counted)
    assert cliffs_delta(np.array([1.0, np.nan]), np.array([0.0, 2.0, 3.0])) == pytest.approx(-1 / 3)
    assert math.isnan(cliffs_delta(np.array([np.nan]), np.array([1.0])))


@pytest.mark.parametrize("wins", range(7))
def test_the_interval_of_the_chance_is_clopper_and_pearsons(wins):
    difference = np.array([[1.0] * wins + [-1.0] * (6 - wins)])
    better = chance_of_better(difference, alpha=0.1)
    expected = binomtest(wins, 6).proportion_ci(0.9, method="exact")
    assert better.share[0] == pytest.approx(wins / 6)
    assert (better.low[0], better.high[0]) == pytest.approx((expected.low, expected.high))


def test_ties_count_half_and_widen_the_interval():
    better = chance_of_better(np.array([[1.0, 0.0, -1.0, 1.0], [np.nan] * 4]), alpha=0.05)
    assert better.share[0] == pytest.approx(2.5 / 4)
    assert better.low[0] == pytest.approx(binomtest(2, 4).proportion_ci(0.95, method="exact").low)
    assert better.high[0] == pytest.approx(binomtest(3, 4).proportion_ci(0.95, method="exact").high)
    assert np.isnan(better.share[1])
    assert np.isnan(better.low[1])
