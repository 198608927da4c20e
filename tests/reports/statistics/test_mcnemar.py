from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from fuselab.reports.statistics.mcnemar import combine_dependent, mcnemar_test


def table(first, second) -> list[list[int]]:
    return [[int((first & second).sum()), int((first & ~second).sum())],
            [int((~first & second).sum()), int((~first & ~second).sum())]]  # fmt: skip


@pytest.mark.parametrize("samples", [4, 30, 60, 500])
@pytest.mark.parametrize("better", [0.5, 0.7, 0.9])
def test_it_is_that_of_statsmodels(samples, better):
    generator = np.random.default_rng(samples)
    first = generator.random((6, samples)) < better
    second = generator.random((6, samples)) < 0.5
    found = mcnemar_test(first, second)
    for one, two, b, c, p in zip(first, second, *found, strict=True):
        counts = table(one, two)
        assert (b, c) == (counts[0][1], counts[1][0])
        few = b + c < 25
        assert p == pytest.approx(mcnemar(counts, exact=few, correction=True).pvalue)


def test_equal_models_do_not_differ():
    right = np.array([[1, 0, 1, 1]])
    assert mcnemar_test(right, right).p.tolist() == [1.0]


def test_p_values_that_depend_are_combined_without_counting_samples_twice():
    """Five seeds that agree in all they say are no more evidence than one; Fisher's combination says they are."""
    generator = np.random.default_rng(0)
    cases = 4000
    same = np.repeat(generator.random((cases, 1)), 5, axis=1)
    ours = np.array([combine_dependent(one) for one in same])
    assert (ours <= 0.05).mean() <= 0.05
    fisher = stats.chi2.sf(-2 * np.log(same).sum(1), 10)
    assert (fisher <= 0.05).mean() > 0.15


def test_combined_p_values_end_at_one():
    assert combine_dependent(np.array([0.9, 0.8])) == 1.0
    assert np.isnan(combine_dependent(np.array([])))
