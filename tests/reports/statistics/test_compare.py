from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from fuselab.reports.statistics.compare import compare
from fuselab.reports.statistics.paired import against, all_pairs

from ..conftest import make_settings
from .conftest import draw_samples, make_scores


def test_the_baseline_is_corrected_over_its_own_comparisons():
    values = np.random.default_rng(0).normal([[0.8], [0.85], [0.9], [0.82]], 0.02, (4, 6))
    found = compare(make_scores(values), against(make_scores(values), "b"), settings=make_settings(test="t"))
    p = [stats.ttest_rel(values[one], values[1]).pvalue for one in found.first]
    assert len(found) == 3
    np.testing.assert_allclose(found.tested.p, p)
    np.testing.assert_allclose(found.corrected, multipletests(p, method="holm")[1])
    assert found.holds.tolist() == (found.corrected <= 0.05).tolist()


def test_without_samples_a_test_of_both_is_one_of_seeds():
    scores = make_scores(np.random.default_rng(0).normal(0.8, 0.02, (3, 4)))
    assert compare(scores, all_pairs(scores), settings=make_settings()).test == "t"


def test_what_could_not_be_tested_never_holds():
    scores = make_scores([[0.5, 0.5, 0.5], [0.9, 0.9, 0.9]])
    found = compare(scores, all_pairs(scores), settings=make_settings(test="t"))
    assert np.isnan(found.corrected).tolist() == [True]
    assert found.holds.tolist() == [False]


def test_some_of_the_pairs_keep_their_correction():
    scores = make_scores(np.random.default_rng(0).normal(0.8, 0.02, (4, 5)))
    found = compare(scores, all_pairs(scores), settings=make_settings())
    some = found.only(np.array([4, 1]))
    assert [some.names(0), some.names(1)] == [found.names(4), found.names(1)]
    assert some.corrected.tolist() == found.corrected[[4, 1]].tolist()
    assert some.tested.low.tolist() == found.tested.low[[4, 1]].tolist()


@pytest.mark.parametrize(("test", "seeds"), [("t", 5), ("wilcoxon", 9), ("crossed", 5), ("crossed", 2)])
def test_of_equal_methods_one_false_claim_or_more_is_made_in_at_most_alpha_of_the_tables(test, seeds):
    """The promise of the correction, over all pairs of six methods whose differences are chance."""
    generator = np.random.default_rng(0)
    tables, false = 250, 0
    for _ in range(tables):
        samples = draw_samples(generator, methods=6, seeds=seeds, samples=40, of_seed=0.05, of_sample=0.2)
        if test == "crossed":
            scores = make_scores(samples.mean(2, dtype=float), samples=samples)
        else:
            scores = make_scores(generator.normal(0.8, 0.02, (6, seeds)))
        false += compare(scores, all_pairs(scores), settings=make_settings(test=test)).holds.any()
    assert false <= stats.binom.isf(0.001, tables, 0.05)
