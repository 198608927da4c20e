"""How large a difference is, measured by the spread of seeds.

Shapes: S seeds, P pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fuselab.reports.statistics.scores import Array


class Better(NamedTuple):
    """How often the first method is the better one in a seed.

    Shape:
        - share: of the seeds, ties half
        - low, high: exact interval of the chance
    """

    share: Array
    low: Array
    high: Array


def cohens_d(difference_PS: Array) -> Array:
    r"""Return Cohen's effect size of paired differences; NaN without a spread.

    .. math:: d_z = \bar d / s_d

    Args:
        difference_PS: of each pair in each seed, NaN where a seed is missing

    Example:
        >>> cohens_d(np.array([[0.02, 0.03, 0.01]])).round(3).tolist()
        [2.0]

    Reference:
        Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, section 2.3.5.
    """
    from fuselab.reports.statistics.paired import student_test

    tested = student_test(difference_PS, alpha=0.5)
    spread_P = np.where(tested.deviation > 0, tested.deviation, np.nan)
    return np.asarray(tested.difference / spread_P)


def hedges_g(difference_PS: Array) -> Array:
    r"""Return Cohen's effect size without its bias, which is large for few seeds.

    .. math:: g = d_z \, \frac{\Gamma(m / 2)}{\sqrt{m / 2} \, \Gamma((m - 1) / 2)}, \qquad m = S - 1

    Args:
        difference_PS: of each pair in each seed, NaN where a seed is missing; at least 3 seeds have a g

    Example:
        >>> hedges_g(np.array([[0.02, 0.03, 0.01]])).round(3).tolist()
        [1.128]

    Reference:
        Hedges (1981), Distribution Theory for Glass's Estimator of Effect Size, equation 6e.
    """
    from scipy.special import gammaln

    freedom_P = np.isfinite(difference_PS).sum(1) - 1.0
    m_P = np.where(freedom_P > 1, freedom_P, np.nan)
    factor_P = np.exp(gammaln(m_P / 2) - gammaln((m_P - 1) / 2)) / np.sqrt(m_P / 2)
    return np.asarray(cohens_d(difference_PS) * factor_P)


def cliffs_delta(first_S: Array, second_S: Array) -> float:
    r"""Return how often a seed of the first is above one of the second, less how often it is below; ties count 0.

    .. math:: \delta = \frac{1}{S_1 S_2} \sum_{i,j} \operatorname{sign}(x_i - y_j)

    Seeds are not paired here.

    Args:
        first_S: of one method, NaN where a seed is missing
        second_S: of the other one

    Example:
        >>> cliffs_delta(np.array([0.9, 0.8, 0.7]), np.array([0.75, 0.6, 0.5]))
        0.7777777777777778

    Reference:
        Cliff (1993), Dominance Statistics: Ordinal Analyses to Answer Ordinal Questions.
    """
    first_S, second_S = (values[np.isfinite(values)] for values in (first_S, second_S))
    if not len(first_S) or not len(second_S):
        return float("nan")
    return float(np.sign(first_S[:, None] - second_S).mean())


def chance_of_better(difference_PS: Array, *, alpha: float) -> Better:
    """Return the chance that the first method is better than the second in a run with one and the same new seed.

    It is estimated by the share of seeds where it is, ties half, with the exact interval of a share: at 5 of 5 seeds
    the chance may still be 0.48. An end of the interval counts all ties against what would move it outwards.

    Args:
        difference_PS: of each pair in each seed, NaN where a seed is missing
        alpha: 1 minus the level of the interval

    Example:
        >>> better = chance_of_better(np.array([[0.1, 0.2, 0.3, 0.1, 0.2]]), alpha=0.05)
        >>> [round(float(value[0]), 3) for value in better]
        [1.0, 0.478, 1.0]

    Reference:
        Bouthillier et al. (2021), Accounting for Variance in Machine Learning Benchmarks, section 4, P(A > B);
        Clopper & Pearson (1934) for the interval, since a bootstrap of few seeds has none when they agree.
    """
    from scipy.special import betaincinv

    there_PS = np.isfinite(difference_PS)
    seeds_P = there_PS.sum(1)
    wins_P = (there_PS & (difference_PS > 0)).sum(1)
    losses_P = (there_PS & (difference_PS < 0)).sum(1)
    some_P = np.where(seeds_P > 0, seeds_P, np.nan)
    share_P = (wins_P + (seeds_P - wins_P - losses_P) / 2) / some_P
    low_P = _lower_end(wins_P, some_P, alpha, betaincinv)
    high_P = 1 - _lower_end(losses_P, some_P, alpha, betaincinv)
    return Better(share_P, low_P, high_P)


def _lower_end(wins_P: Array, seeds_P: Array, alpha: float, quantile: np.ufunc) -> Array:
    inner_P = quantile(np.maximum(wins_P, 1), seeds_P - np.maximum(wins_P, 1) + 1, alpha / 2)
    return np.where(np.isnan(seeds_P), np.nan, np.where(wins_P == 0, 0.0, inner_P))
