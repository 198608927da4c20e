"""Tests of differences between methods over the seeds that both have.

Shapes: K methods, S seeds, P pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fuselab.reports.statistics.scores import Array, Scores

# Differences that are the same but for rounding have no spread.
EXACT = 1e-7
DIGITS = 9  # to which two differences are the same, where ranks are given


class Tested(NamedTuple):
    """What a test says of each pair; NaN where it can say nothing.

    Shape:
        - seeds: how many seeds both methods have
        - difference: mean difference, positive where the first is better
        - deviation: sample deviation of the differences over seeds
        - low, high: interval of the difference, for each pair by itself
        - p: two-sided, for each pair by itself
    """

    seeds: Array
    difference: Array
    deviation: Array
    low: Array
    high: Array
    p: Array


def all_pairs(scores: Scores) -> tuple[Array, Array]:
    """Return the places of the first and the second method of all pairs, the one with the better mean first.

    Example:
        >>> scores = Scores("mae", ("a", "b", "c"), (0,), np.array([[0.3], [0.1], [0.2]]), None)
        >>> [place.tolist() for place in all_pairs(scores)]
        [[1, 1, 2], [2, 0, 0]]
    """
    order_K = np.array(scores.ranked(), dtype=int)
    first_P, second_P = np.triu_indices(len(order_K), 1)
    return order_K[first_P], order_K[second_P]


def against(scores: Scores, baseline: str) -> tuple[Array, Array]:
    """Return the places of every other method, the best mean first, and of the baseline.

    Example:
        >>> scores = Scores("mae", ("a", "b", "c"), (0,), np.array([[0.3], [0.1], [0.2]]), None)
        >>> [place.tolist() for place in against(scores, "c")]
        [[1, 0], [2, 2]]
    """
    place = scores.index(baseline)
    others_P = np.array([one for one in scores.ranked() if one != place], dtype=int)
    return others_P, np.full(len(others_P), place)


def paired_differences(scores: Scores, first_P: Array, second_P: Array) -> Array:
    """Return how much better the first of each pair is in each seed; NaN where one of them lacks the seed.

    Args:
        scores: a metric by method and seed
        first_P: places of the first methods
        second_P: places of the second ones

    Shape:
        - output: (P, S)
    """
    sign = 1.0 if scores.higher else -1.0
    return np.asarray(sign * (scores.values[first_P] - scores.values[second_P]))


def student_test(difference_PS: Array, *, alpha: float) -> Tested:
    r"""Student's t-test of paired differences.

    .. math:: t = \bar d \, / \, (s_d / \sqrt{S}), \qquad S - 1 \text{ degrees of freedom}

    It takes the differences for normally distributed, and so has an answer at 3 seeds too. Differences that are the
    same in every seed have no spread to be measured by: p is 1 where they are zero and NaN where they are not.

    Args:
        difference_PS: of each pair in each seed, NaN where a seed is missing
        alpha: 1 minus the level of the interval

    Example:
        >>> tested = student_test(np.array([[0.02, 0.03, 0.01]]), alpha=0.05)
        >>> [round(float(value[0]), 3) for value in (tested.difference, tested.low, tested.high, tested.p)]
        [0.02, -0.005, 0.045, 0.074]

    Reference:
        Student (1908), The Probable Error of a Mean.
    """
    from scipy.special import stdtr, stdtrit

    seeds_P, mean_P, deviation_P = _moments(difference_PS)
    error_P = deviation_P / np.sqrt(np.maximum(seeds_P, 1))
    freedom_P = np.maximum(seeds_P - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        p_P = np.asarray(2 * stdtr(freedom_P, -np.abs(mean_P / error_P)))
    p_P = np.where(error_P == 0, np.where(mean_P == 0, 1.0, np.nan), p_P)
    half_P = stdtrit(freedom_P, 1 - alpha / 2) * error_P
    return Tested(seeds_P, mean_P, deviation_P, mean_P - half_P, mean_P + half_P, p_P)


def wilcoxon_test(difference_PS: Array, *, alpha: float) -> Tested:
    """Wilcoxon's signed-rank test of paired differences, zeros after Pratt; the interval is Student's.

    It asks for no distribution, but with few seeds it can't say much: of S seeds with the same sign its exact
    two-sided p is 2 / 2^S, which is 0.0625 at 5 seeds and 0.03125 at 6, before any correction.

    Args:
        difference_PS: of each pair in each seed, NaN where a seed is missing
        alpha: 1 minus the level of the interval

    Example:
        >>> float(wilcoxon_test(np.array([[0.02, 0.03, 0.01, 0.04, 0.05]]), alpha=0.05).p[0])
        0.0625

    Reference:
        Wilcoxon (1945), Individual Comparisons by Ranking Methods; Pratt (1959) for zeros.
    """
    from scipy.stats import wilcoxon

    plain = student_test(difference_PS, alpha=alpha)
    p_P = np.full(len(difference_PS), np.nan)
    for place, difference_S in enumerate(np.round(difference_PS, DIGITS)):
        there_S = difference_S[np.isfinite(difference_S)]
        if len(there_S) > 1:
            p_P[place] = wilcoxon(there_S, zero_method="pratt").pvalue if there_S.any() else 1.0
    return plain._replace(p=p_P)


def _moments(difference_PS: Array) -> tuple[Array, Array, Array]:
    there_PS = np.isfinite(difference_PS)
    seeds_P = there_PS.sum(1)
    with np.errstate(invalid="ignore"):
        mean_P = np.where(there_PS, difference_PS, 0.0).sum(1) / np.where(seeds_P, seeds_P, np.nan)
        square_P = np.where(there_PS, (difference_PS - mean_P[:, None]) ** 2, 0.0).sum(1)
        deviation_P = np.sqrt(square_P / np.where(seeds_P > 1, seeds_P - 1, np.nan))
    return seeds_P, mean_P, np.where(deviation_P <= EXACT * np.abs(mean_P), 0.0, deviation_P)
