"""McNemar's test: do two trained models err on different samples, one more often than the other?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fuselab.reports.statistics.scores import Array

FEW = 25  # discordant samples below which the test is exact


class Discordance(NamedTuple):
    """Samples that one of two models has right, in each seed.

    Shape:
        - first: right by the first alone
        - second: right by the second alone
        - p: two-sided
    """

    first: Array
    second: Array
    p: Array


def mcnemar_test(first_SN: Array, second_SN: Array) -> Discordance:
    r"""Return McNemar's test of each seed: exact for few discordant samples, else chi-square with continuity.

    .. math:: \chi^2 = \frac{(|b - c| - 1)^2}{b + c}

    It is about two trained models, not about two methods: whether the next seed would agree, it can't say.

    Args:
        first_SN: which samples the first model has right
        second_SN: which the second one has

    Example:
        >>> right = np.array([[1] * 9 + [0] * 3]), np.array([[1] * 2 + [0] * 10])
        >>> [value.tolist() for value in mcnemar_test(*right)]
        [[7], [0], [0.015625]]

    Reference:
        McNemar (1947), Note on the Sampling Error of the Difference between Correlated Proportions; Edwards (1948)
        for continuity.
    """
    from scipy.stats import binom, chi2

    first, second = first_SN.astype(bool), second_SN.astype(bool)
    b_S, c_S = (first & ~second).sum(1), (~first & second).sum(1)
    both_S = b_S + c_S
    exact_S = np.minimum(1.0, 2 * binom.cdf(np.minimum(b_S, c_S), both_S, 0.5))
    with np.errstate(divide="ignore", invalid="ignore"):
        large_S = chi2.sf((np.abs(b_S - c_S) - 1.0) ** 2 / both_S, 1)
    return Discordance(b_S, c_S, np.where(both_S < FEW, exact_S, large_S))


def combine_dependent(p_S: Array) -> float:
    """Return one p-value of several that may depend on one another in any way: twice their mean.

    Seeds answer the same test samples, so their p-values are not independent, and Fisher's or Stouffer's combination
    would count the samples once for every seed.

    Args:
        p_S: one a seed

    Example:
        >>> combine_dependent(np.array([0.01, 0.02, 0.03]))
        0.04

    Reference:
        Rüschendorf (1982), Random Variables with Maximum Sums; Vovk & Wang (2020), Combining P-values via Averaging.
    """
    return min(1.0, 2 * float(np.mean(p_S))) if len(p_S) else float("nan")
