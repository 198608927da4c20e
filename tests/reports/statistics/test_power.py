from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from fuselab.reports.statistics.crossed import combined_p
from fuselab.reports.statistics.power import power_of, seeds_needed


@pytest.mark.parametrize("seeds", [2, 3, 5, 10, 50])
@pytest.mark.parametrize("effect", [0.1, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 55])
def test_power_over_seeds_is_that_of_statsmodels(seeds, effect, alpha):
    found = power_of(seeds=seeds, difference=effect, deviation=1.0, sample_error=0.0, alpha=alpha)
    # On the wrong side statsmodels has no number where there is next to nothing.
    wrong = np.nan_to_num(TTestPower().power(effect, seeds, alpha / 2, alternative="smaller"))
    assert found == pytest.approx(TTestPower().power(effect, seeds, alpha / 2, alternative="larger") + wrong, abs=1e-4)


@pytest.mark.parametrize("effect", [0.3, 1.0, 2.0])
def test_seeds_are_those_of_statsmodels(effect):
    expected = int(np.ceil(TTestPower().solve_power(effect, alpha=0.05, power=0.8)))
    found = seeds_needed(difference=effect, deviation=1.0, sample_error=0.0, alpha=0.05, power=0.8)
    assert found == expected


@pytest.mark.parametrize("sample_error", [0.0, 0.3])
def test_power_is_the_share_of_simulated_tests_that_see_the_difference(sample_error):
    generator = np.random.default_rng(0)
    cases, seeds, difference = 20_000, 6, 1.2
    values = difference + generator.normal(size=(cases, seeds)) + sample_error * generator.normal(size=(cases, 1))
    error = values.std(1, ddof=1) / np.sqrt(seeds)
    p = combined_p(values.mean(1), error, np.full(cases, sample_error), np.full(cases, seeds - 1))
    found = power_of(seeds=seeds, difference=difference, deviation=1.0, sample_error=sample_error, alpha=0.05)
    assert found == pytest.approx((p <= 0.05).mean(), abs=0.01)


def test_fewest_seeds_are_the_fewest():
    known = {"difference": 0.01, "deviation": 0.012, "sample_error": 0.001, "alpha": 0.01}
    fewest = seeds_needed(**known, power=0.8)
    assert power_of(seeds=fewest, **known) >= 0.8 > power_of(seeds=fewest - 1, **known)


def test_no_number_of_seeds_makes_up_for_too_few_samples():
    assert seeds_needed(difference=0.01, deviation=0.001, sample_error=0.009, alpha=0.05, power=0.8) is None
    assert seeds_needed(difference=0.0, deviation=0.01, sample_error=0.0, alpha=0.05, power=0.8) is None


def test_without_a_spread_two_seeds_do():
    assert seeds_needed(difference=0.01, deviation=0.0, sample_error=0.0, alpha=0.05, power=0.8) == 2
    assert power_of(seeds=2, difference=0.0, deviation=0.0, sample_error=0.0, alpha=0.05) == 0.05
