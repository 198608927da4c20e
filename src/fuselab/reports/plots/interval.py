"""How far a mean over seeds can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

LEVEL = 0.95


def t_interval(values: Sequence[float]) -> tuple[float, float]:
    r"""Return the 95 % interval of a mean; NaN for fewer than two values, or where one is no number.

    .. math:: \bar x \pm t_{0.975,\, n - 1} \, s / \sqrt n

    Args:
        values: one a seed

    Example:
        >>> low, high = t_interval([0.7, 0.8, 0.9])
        >>> round(low, 3), round(high, 3)
        (0.552, 1.048)

    Reference:
        Student (1908), The Probable Error of a Mean.
    """
    if len(values) < 2:
        return float("nan"), float("nan")
    half = _quantile(len(values) - 1) * float(np.std(values, ddof=1)) / len(values) ** 0.5
    mean = float(np.mean(values))
    return mean - half, mean + half


def say_seeds(counts: Sequence[int], *, interval: str) -> str:
    """Say over how many seeds a mean is, and with which interval.

    Args:
        counts: seeds of each row
        interval: what it is called

    Example:
        >>> say_seeds([3, 3], interval="95 % t interval"), say_seeds([1, 3], interval="lowest to highest seed")
        ('mean and 95 % t interval over 3 seeds', 'mean and lowest to highest seed over 1 to 3 seeds')
        >>> say_seeds([1, 1], interval="95 % t interval")
        'one seed, so no interval'
    """
    low, high = min(counts), max(counts)
    if high == 1:
        return "one seed, so no interval"
    return f"mean and {interval} over {high if low == high else f'{low} to {high}'} seeds"


@cache
def _quantile(freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf((1 + LEVEL) / 2, freedom))
