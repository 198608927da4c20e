from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from fuselab.reports.statistics.paired import all_pairs, paired_differences, student_test, wilcoxon_test

from .conftest import make_scores

GENERATOR = np.random.default_rng(0)


def sign_flips(differences: list[float]) -> float:
    """Return Wilcoxon's exact two-sided p by trying every sign; zeros after Pratt."""
    values = np.array(differences)
    ranks = stats.rankdata(np.abs(values))[values != 0]
    signs = np.sign(values[values != 0])
    found = abs((ranks * signs).sum())
    every = [abs((ranks * np.array(flip)).sum()) for flip in itertools.product((-1, 1), repeat=len(ranks))]
    return float(np.mean(np.array(every) >= found - 1e-9))


@pytest.mark.parametrize("seeds", [2, 3, 5, 12])
def test_student_is_scipys(seeds):
    difference_PS = GENERATOR.normal(0.01, 0.02, (7, seeds))
    tested = student_test(difference_PS, alpha=0.1)
    expected = stats.ttest_1samp(difference_PS, 0, axis=1)
    interval = expected.confidence_interval(0.9)
    np.testing.assert_allclose(tested.p, expected.pvalue, rtol=1e-9)
    np.testing.assert_allclose(tested.low, interval.low, rtol=1e-9)
    np.testing.assert_allclose(tested.high, interval.high, rtol=1e-9)
    np.testing.assert_allclose(tested.deviation, difference_PS.std(axis=1, ddof=1), rtol=1e-12)


def test_a_seed_that_one_method_lacks_is_left_out_of_its_pairs_alone():
    values = GENERATOR.normal(0.8, 0.02, (3, 5))
    values[1, 3] = np.nan
    scores = make_scores(values)
    first, second = all_pairs(scores)
    tested = student_test(paired_differences(scores, first, second), alpha=0.05)
    for one, two, seeds, p in zip(first, second, tested.seeds, tested.p, strict=True):
        both = np.isfinite(values[one]) & np.isfinite(values[two])
        assert seeds == both.sum() == (4 if 1 in (one, two) else 5)
        assert p == pytest.approx(stats.ttest_rel(values[one, both], values[two, both]).pvalue)


def test_the_better_method_stands_first_whichever_way_is_up():
    values = [[0.1, 0.2], [0.5, 0.6], [0.3, 0.4]]
    for metric, order in (("accuracy", [(1, 2), (1, 0), (2, 0)]), ("mae", [(0, 2), (0, 1), (2, 1)])):
        scores = make_scores(values, metric=metric)
        first, second = all_pairs(scores)
        assert list(zip(first.tolist(), second.tolist(), strict=True)) == order
        assert (paired_differences(scores, first, second) > 0).all()


@pytest.mark.parametrize("test", [student_test, wilcoxon_test])
def test_without_a_spread_equal_runs_are_equal_and_unequal_ones_are_not_tested(test):
    constant = np.array([[0.0] * 4, [0.1] * 4, [0.1, 0.1 + 1e-10, 0.1, 0.1]])
    tested = test(constant, alpha=0.05)
    assert tested.p[0] == 1.0
    assert tested.deviation.tolist() == [0.0] * 3
    if test is student_test:
        assert np.isnan(tested.p[1:]).all()


@pytest.mark.parametrize("test", [student_test, wilcoxon_test])
def test_one_seed_and_none_say_nothing(test):
    tested = test(np.array([[0.1, np.nan], [np.nan, np.nan]]), alpha=0.05)
    assert tested.seeds.tolist() == [1, 0]
    assert tested.difference[0] == pytest.approx(0.1)
    for values in (tested.p, tested.low, tested.high, tested.deviation):
        assert np.isnan(values).all()


@pytest.mark.parametrize(
    "differences",
    [
        [0.1, 0.2, 0.3, 0.4, 0.5],
        [0.1, -0.2, 0.3, 0.4, 0.5, 0.6],
        [0.1, 0.1, 0.2, -0.2, 0.3],
        [0.0, -0.1, -0.2, 0.3, 0.4, 0.5],
        [0.1, 0.1 + 1e-12, -0.1, 0.2, 0.3, 0.4],
    ],
    ids=["one sign", "one against", "ties", "a zero", "ties but for rounding"],
)
def test_wilcoxon_is_exact_for_few_seeds(differences):
    p = wilcoxon_test(np.array([differences]), alpha=0.05).p[0]
    assert p == pytest.approx(sign_flips(list(np.round(differences, 9))), abs=1e-12)


@pytest.mark.parametrize("seeds", [2, 3, 4, 5, 6, 10])
def test_wilcoxon_has_the_floor_that_its_docstring_names(seeds):
    p = wilcoxon_test(np.arange(1.0, seeds + 1)[None], alpha=0.05).p[0]
    assert p == pytest.approx(2 / 2**seeds)
