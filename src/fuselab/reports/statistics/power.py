"""How many seeds it would take to see a difference."""

from __future__ import annotations

from functools import cache

import numpy as np

from fuselab.reports.statistics.scores import Array

MOST = 10_000  # seeds; nobody trains more
NODES = 256  # of the integral over measured variances


def power_of(*, seeds: int, difference: float, deviation: float, sample_error: float, alpha: float) -> float:
    r"""Return the chance that a two-sided test of paired seeds sees a difference.

    The mean difference is normal around the true one with variance :math:`s_d^2 / S + e_N^2`; what it is held against
    depends on the measured variance, :math:`s_d^2 \, C / (S - 1)` with C chi-square, over which this integrates:

    .. math:: P\Big(\bar d^2 > t^2_{S-1, \alpha/2} \, \frac{s_d^2}{S} \frac{C}{S - 1} + z^2_{\alpha/2} \, e_N^2\Big)

    Without an error over samples that is Student's test, whose power is that of the noncentral t distribution.

    Args:
        seeds: at least 2
        difference: that is there
        deviation: of paired differences over seeds
        sample_error: standard error over test samples, which no seed makes smaller; 0 for a test of seeds alone
        alpha: of the one test

    Example:
        >>> round(power_of(seeds=10, difference=1.0, deviation=1.0, sample_error=0.0, alpha=0.05), 4)
        0.8031

    Reference:
        Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, section 2.3.5.
    """
    from scipy.special import chdtri, ndtr, ndtri, stdtrit

    freedom = seeds - 1
    seed_error = deviation / np.sqrt(seeds)
    spread = np.hypot(seed_error, sample_error)
    if spread == 0:
        return 1.0 if difference else alpha
    node_X, weight_X = _nodes()
    measured_X = chdtri(freedom, (1 - node_X) / 2) / freedom
    threshold_X = np.sqrt(
        (stdtrit(freedom, 1 - alpha / 2) * seed_error) ** 2 * measured_X + (ndtri(1 - alpha / 2) * sample_error) ** 2
    )
    seen_X = ndtr((abs(difference) - threshold_X) / spread) + ndtr((-abs(difference) - threshold_X) / spread)
    return float(np.clip((weight_X * seen_X).sum() / 2, 0.0, 1.0))


def seeds_needed(*, difference: float, deviation: float, sample_error: float, alpha: float, power: float) -> int | None:
    """Return the fewest seeds that see a difference with a given chance; None where thousands would not do.

    The deviation is taken for the true one: measured over few seeds it is uncertain itself, and so is the answer.

    Args:
        difference: that is there
        deviation: of paired differences over seeds
        sample_error: standard error over test samples; 0 for a test of seeds alone
        alpha: of the one test; divide it by the number of comparisons where it is corrected
        power: the chance

    Example:
        >>> seeds_needed(difference=0.01, deviation=0.01, sample_error=0.0, alpha=0.05, power=0.8)
        10
    """

    def enough(seeds: int) -> bool:
        found = power_of(
            seeds=seeds, difference=difference, deviation=deviation, sample_error=sample_error, alpha=alpha
        )
        return found >= power

    if not enough(MOST):
        return None
    low, high = 1, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


@cache
def _nodes() -> tuple[Array, Array]:
    nodes: tuple[Array, Array] = np.polynomial.legendre.leggauss(NODES)
    return nodes
