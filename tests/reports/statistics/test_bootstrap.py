from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fuselab.reports.statistics.bootstrap import bootstrap_interval
from fuselab.reports.statistics.paired import all_pairs

from .conftest import draw_samples, make_scores

PAIR = np.array([0]), np.array([1])


def drawn(seed: int = 0, *, methods=2, seeds=5, samples=300, of_seed=0.05, of_sample=0.5, metric="accuracy"):
    generator = np.random.default_rng(seed)
    shares = draw_samples(
        generator, methods=methods, seeds=seeds, samples=samples, of_seed=of_seed, of_sample=of_sample
    )
    return make_scores(shares.mean(2, dtype=float), samples=shares, metric=metric)


def interval(scores, pairs=PAIR, *, resamples=2000, seed=0, alpha=0.05):
    return bootstrap_interval(scores, *pairs, resamples=resamples, seed=seed, alpha=alpha)


def test_of_one_seed_it_is_scipys():
    scores = drawn(seeds=1)
    found = interval(scores, resamples=20_000)
    theirs = stats.bootstrap(
        tuple(scores.samples[:, 0]),
        lambda one, two, axis: one.mean(axis) - two.mean(axis),
        paired=True,
        n_resamples=20_000,
        method="percentile",
        random_state=np.random.default_rng(1),
    ).confidence_interval
    width = float(theirs.high - theirs.low)
    assert (found.low[0], found.high[0]) == pytest.approx((theirs.low, theirs.high), abs=0.02 * width)


def test_of_several_seeds_it_draws_both_seeds_and_samples():
    """Against a slow loop, resample by resample."""
    scores = drawn(seeds=4, samples=50)
    difference_SN = scores.samples[0].astype(float) - scores.samples[1]
    generator = np.random.default_rng(1)
    means = [difference_SN[generator.integers(0, 4, 4)][:, generator.integers(0, 50, 50)].mean() for _ in range(20_000)]
    low, high = np.quantile(means, [0.05, 0.95])
    found = interval(scores, resamples=20_000, alpha=0.1)
    assert (found.low[0], found.high[0]) == pytest.approx((low, high), abs=0.03 * (high - low))


def test_the_same_seed_gives_the_same_interval_and_another_one_another():
    scores = drawn()
    assert interval(scores) == interval(scores)
    assert interval(scores) != interval(scores, seed=1)


def test_of_the_other_direction_it_is_the_mirror():
    higher, lower = interval(drawn()), interval(drawn(metric="mae"))
    assert (higher.low[0], higher.high[0]) == pytest.approx((-lower.high[0], -lower.low[0]))


def test_equal_methods_have_no_difference_in_any_draw():
    scores = drawn()
    scores.samples[1] = scores.samples[0]
    found = interval(scores)
    assert (found.low[0], found.high[0]) == (0.0, 0.0)


def test_pairs_use_the_seeds_that_both_have():
    scores = drawn(methods=3)
    scores.values[1, 0] = np.nan
    scores.samples[1, 0] = np.nan
    whole = interval(scores, (np.array([0, 0]), np.array([1, 2])))
    assert np.isfinite(whole.low).all()
    without = drawn(methods=3)
    without.values[:, 0] = np.nan
    without.samples[:, 0] = np.nan
    assert interval(without).low[0] == pytest.approx(whole.low[0])


def test_without_samples_or_common_seeds_there_is_none():
    scores = drawn()
    assert np.isnan(interval(make_scores(scores.values)).low).all()
    scores.values[0, :3], scores.values[1, 3:] = np.nan, np.nan
    assert np.isnan(interval(scores).low).all()


def test_a_hundred_methods_are_compared_at_once():
    scores = drawn(methods=100, samples=2048)
    pairs = all_pairs(scores)
    found = interval(scores, pairs)
    assert np.isfinite(found.low).all()
    place = 4000
    alone = interval(scores, (pairs[0][[place]], pairs[1][[place]]))
    assert (found.low[place], found.high[place]) == pytest.approx((alone.low[0], alone.high[0]))


def test_few_seeds_cover_as_little_as_the_docstring_says():
    """Without any part of the samples, five seeds; the number is that of the percentile bootstrap of five values."""
    generator = np.random.default_rng(0)
    inside = 0
    for case in range(400):
        shares = np.zeros((2, 5, 4), dtype=np.float32)
        shares[0] = generator.normal(size=(5, 1))
        found = interval(make_scores(shares.mean(2), samples=shares), resamples=400, seed=case)
        inside += found.low[0] <= 0 <= found.high[0]
    assert inside / 400 == pytest.approx(0.83, abs=0.04)
