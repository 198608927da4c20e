"""Corrections of p-values for many comparisons.

Shapes: P comparisons.
"""

from __future__ import annotations

import numpy as np

from fuselab.reports.statistics.scores import Array
from fuselab.reports.statistics.settings import Correction


def correct(p_P: Array, *, correction: Correction) -> Array:
    """Return corrected p-values, each to be held against alpha; NaN stays NaN and counts as a comparison.

    Args:
        p_P: of all comparisons that were meant to be made
        correction: ``holm`` or ``benjamini_hochberg``
    """
    if correction == "holm":
        return holm(p_P)
    from scipy.stats import false_discovery_control

    if not len(p_P):
        return p_P
    corrected_P = false_discovery_control(np.where(np.isnan(p_P), 1.0, p_P))
    return np.where(np.isnan(p_P), np.nan, corrected_P)


def holm(p_P: Array) -> Array:
    r"""Return p-values after Holm: the chance of one false claim among all stays at alpha.

    .. math:: \tilde p_{(i)} = \max_{j \le i} \min(1, (P - j + 1) \, p_{(j)})

    Args:
        p_P: of all comparisons that were meant to be made

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
        [0.03, 0.06, 0.06]

    Reference:
        Holm (1979), A Simple Sequentially Rejective Multiple Test Procedure.
    """
    known_P = np.where(np.isnan(p_P), 1.0, p_P)
    order_P = np.argsort(known_P, kind="stable")
    steps_P = np.arange(len(p_P), 0, -1)
    corrected_P = np.empty_like(known_P)
    corrected_P[order_P] = np.minimum(1.0, np.maximum.accumulate(steps_P * known_P[order_P]))
    return np.where(np.isnan(p_P), np.nan, corrected_P)
