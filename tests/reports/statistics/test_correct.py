from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from fuselab.reports.statistics.correct import correct

THEIRS = {"holm": "holm", "benjamini_hochberg": "fdr_bh"}


@pytest.mark.parametrize("correction", THEIRS)
@pytest.mark.parametrize("number", [1, 2, 10, 200])
def test_corrections_are_those_of_statsmodels(correction, number):
    p = np.random.default_rng(number).uniform(0, 0.2, number).round(2)  # with ties
    np.testing.assert_allclose(correct(p, correction=correction), multipletests(p, method=THEIRS[correction])[1])


@pytest.mark.parametrize("correction", THEIRS)
def test_what_could_not_be_tested_still_counts(correction):
    corrected = correct(np.array([0.01, np.nan, 0.5]), correction=correction)
    assert corrected[0] == pytest.approx(0.03)
    assert np.isnan(corrected[1])


@pytest.mark.parametrize("correction", THEIRS)
def test_no_comparison_needs_no_correction(correction):
    assert len(correct(np.array([]), correction=correction)) == 0
