from __future__ import annotations

import numpy as np
import pytest
import scikit_posthocs
from scipy import stats

from fuselab.errors import ConfigError
from fuselab.reports.statistics.omnibus import Omnibus, friedman_nemenyi


def ranked(values, *, higher: bool = True, alpha: float = 0.05) -> Omnibus:
    values = np.asarray(values, dtype=float)
    names = tuple(f"m{place}" for place in range(values.shape[1]))
    blocks = tuple(f"d{place}" for place in range(len(values)))
    return friedman_nemenyi(values, names=names, blocks=blocks, higher=higher, alpha=alpha)


@pytest.mark.parametrize(("blocks", "methods"), [(5, 3), (14, 4), (20, 11)])
def test_it_is_that_of_scipy_and_scikit_posthocs(blocks, methods):
    values = np.random.default_rng(methods).normal(0.8, 0.05, (blocks, methods)).round(2)  # with ties
    found = ranked(values)
    expected = stats.friedmanchisquare(*values.T)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    np.testing.assert_allclose(found.p_pairs, scikit_posthocs.posthoc_nemenyi_friedman(values).to_numpy(), atol=1e-6)
    np.testing.assert_allclose(found.rank, stats.rankdata(-values, axis=1).mean(0))


def test_the_critical_difference_is_demsars():
    # Demšar (2006), table 5a: q is 2.569 for 4 classifiers, and section 3.2.4: CD is 1.25 on 14 sets of data.
    values = np.random.default_rng(0).normal(size=(14, 4))
    found = ranked(values).critical_difference
    assert found == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), abs=1e-3)
    assert found == pytest.approx(1.25, abs=5e-3)
    # And it is the difference at which Nemenyi's p is alpha.
    q = found / np.sqrt(4 * 5 / (6 * 14)) * np.sqrt(2)
    assert stats.studentized_range.sf(q, 4, np.inf) == pytest.approx(0.05)


def test_less_is_better_for_errors():
    values = [[0.1, 0.2, 0.3], [0.2, 0.3, 0.4]]
    assert ranked(values, higher=False).rank.tolist() == [1, 2, 3]
    assert ranked(values).rank.tolist() == [3, 2, 1]


def test_a_set_of_data_that_a_method_lacks_is_left_out_by_name():
    found = ranked([[0.1, 0.2, 0.3], [0.2, np.nan, 0.4], [0.3, 0.2, 0.1]])
    assert (found.blocks, found.left_out) == (("d0", "d2"), ("d1",))


def test_methods_that_tie_everywhere_are_alike():
    found = ranked(np.ones((4, 3)))
    assert (found.statistic, found.p) == (0.0, 1.0)
    assert found.p_pairs.min() == 1.0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.ones((4, 2)), r"ranks \(2 methods on 4 sets"),
        (np.ones((1, 3)), r"ranks \(3 methods on 1 sets"),
        ([[1, 2, 3], [1, np.nan, 3]], r"ranks \(3 methods on 1 sets"),
    ],
)
def test_too_little_to_rank_is_refused(values, words):
    with pytest.raises(ConfigError, match=words):
        ranked(values)
