from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from fuselab.reports.statistics.crossed import combined_p, crossed_test, sample_errors
from fuselab.reports.statistics.paired import all_pairs, student_test

from .conftest import draw_samples, make_scores


def drawn(seed: int = 0, *, methods: int = 4, seeds: int = 5, samples: int = 200, of_seed=0.02, of_sample=0.3):
    generator = np.random.default_rng(seed)
    samples_KSN = draw_samples(
        generator, methods=methods, seeds=seeds, samples=samples, of_seed=of_seed, of_sample=of_sample
    )
    return make_scores(samples_KSN.mean(2, dtype=float), samples=samples_KSN)


def test_p_is_the_alpha_at_which_the_interval_ends_at_zero():
    scores = drawn()
    first, second = all_pairs(scores)
    tested = crossed_test(scores, first, second, alpha=0.05)
    for place, p in enumerate(tested.p):
        difference = scores.samples[first[place]].astype(float) - scores.samples[second[place]]
        of_seed = difference.mean(1).std(ddof=1) / np.sqrt(5)
        of_sample = difference.mean(0).std(ddof=1) / np.sqrt(200)
        mean = difference.mean()

        def half(alpha, of_seed=of_seed, of_sample=of_sample):
            return np.hypot(stats.t.isf(alpha / 2, 4) * of_seed, stats.norm.isf(alpha / 2) * of_sample)

        expected = optimize.brentq(lambda alpha, mean=mean, half=half: half(alpha) - abs(mean), 1e-12, 1 - 1e-12)
        assert p == pytest.approx(expected, rel=1e-6)
        assert tested.high[place] - tested.low[place] == pytest.approx(2 * half(0.05), rel=1e-6)


def test_without_an_error_of_samples_it_is_students():
    difference_PS = np.random.default_rng(1).normal(0.01, 0.02, (6, 5))
    tested = student_test(difference_PS, alpha=0.05)
    error_P = tested.deviation / np.sqrt(5)
    np.testing.assert_allclose(combined_p(tested.difference, error_P, np.zeros(6), np.full(6, 4)), tested.p, rtol=1e-9)


def test_without_an_error_of_seeds_it_is_the_normal_one():
    p = combined_p(np.array([0.3, -0.3, 0.0]), np.zeros(3), np.array([0.1, 0.1, 0.1]), np.full(3, 4))
    np.testing.assert_allclose(p, [2 * stats.norm.sf(3)] * 2 + [1.0], rtol=1e-9)


def test_it_is_never_less_strict_than_the_test_of_seeds_alone():
    scores = drawn(methods=12)
    first, second = all_pairs(scores)
    both = crossed_test(scores, first, second, alpha=0.05)
    values = scores.values
    alone = student_test(values[first] - values[second], alpha=0.05)
    assert (both.p >= alone.p - 1e-9).all()
    assert (both.high - both.low >= alone.high - alone.low).all()


def test_the_error_of_samples_is_over_the_seeds_that_both_have():
    scores = drawn(methods=3)
    scores.values[1, 2] = np.nan
    scores.samples[1, 2] = np.nan
    first, second = np.array([0, 0, 1]), np.array([1, 2, 2])
    for one, two, error in zip(first, second, sample_errors(scores, first, second), strict=True):
        both = np.isfinite(scores.values[one]) & np.isfinite(scores.values[two])
        mean_N = (scores.samples[one, both].astype(float) - scores.samples[two, both]).mean(0)
        assert error == pytest.approx(mean_N.std(ddof=1) / np.sqrt(200), rel=1e-6)


def test_equal_runs_are_equal_and_runs_without_samples_are_not_tested():
    scores = drawn(methods=2)
    scores.samples[1] = scores.samples[0]
    scores.values[1] = scores.values[0]
    pair = np.array([0]), np.array([1])
    assert crossed_test(scores, *pair, alpha=0.05).p.tolist() == [1.0]
    alone = make_scores(scores.values, samples=scores.samples[:, :, :1])
    assert np.isnan(crossed_test(alone, *pair, alpha=0.05).p).all()


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_a_constant_difference_of_all_samples_is_not_tested(spread):
    shares = np.repeat(spread * np.random.default_rng(0).random((1, 3, 50), dtype=np.float32), 2, axis=0)
    shares[1] += 1.0
    scores = make_scores(shares.mean(2, dtype=float), samples=shares)
    assert np.isnan(crossed_test(scores, np.array([0]), np.array([1]), alpha=0.05).p).all()


@pytest.mark.parametrize("of_sample", [0.0, 0.2, 1.0])
def test_chance_alone_is_found_in_at_most_alpha_of_the_cases(of_sample):
    """Of methods that are equal in truth, over seeds and over samples."""
    found = alone = 0
    for seed in range(60):
        # One draw of samples and seeds has eight pairs that share nothing.
        scores = drawn(seed, methods=16, seeds=5, samples=60, of_seed=0.05, of_sample=of_sample)
        first, second = np.arange(0, 16, 2), np.arange(1, 16, 2)
        found += (crossed_test(scores, first, second, alpha=0.05).p <= 0.05).sum()
        difference = scores.values[first] - scores.values[second]
        alone += (student_test(difference, alpha=0.05).p <= 0.05).sum()
    cases = 60 * 8
    most = stats.binom.isf(0.001, cases, 0.05)
    assert found <= most
    # Seeds alone take a lucky test set for a better method.
    assert (alone > most) == (of_sample > 0)


def test_fitted_degrees_of_freedom_make_more_false_claims_where_corrections_look():
    """The number in the docstring: 5 seeds, four fifths of the variance of the seeds, p = 0.0001."""
    generator = np.random.default_rng(0)
    cases, level, of_seed, of_sample = 1_000_000, 1e-4, 0.8, 0.2
    measured = of_seed * generator.chisquare(4, cases) / 4
    difference = generator.normal(size=cases)
    total = measured + of_sample
    freedom = total**2 / (measured**2 / 4)
    fitted = 2 * stats.t.sf(np.abs(difference) / np.sqrt(total), freedom)
    assert (fitted <= level).mean() > 10 * level
    threshold = np.hypot(stats.t.isf(level / 2, 4) * np.sqrt(measured), stats.norm.isf(level / 2) * of_sample**0.5)
    assert (np.abs(difference) > threshold).mean() <= level
