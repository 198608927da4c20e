"""Do methods differ at all over several sets of data, and which of their average ranks?

Shapes: D sets of data, K methods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fuselab.errors import ConfigError
from fuselab.reports.statistics.scores import Array


@dataclass(frozen=True)
class Omnibus:
    """Friedman's test, and Nemenyi's after it.

    Args:
        names: of the methods
        blocks: names of the sets of data that count
        left_out: those where a method lacks a number
        rank: (K,), average rank, 1 for the best
        statistic: Friedman's chi-square
        p: whether all methods are alike
        critical_difference: by which two average ranks must differ
        p_pairs: (K, K), Nemenyi's, of each pair
    """

    names: tuple[str, ...]
    blocks: tuple[str, ...]
    left_out: tuple[str, ...]
    rank: Array
    statistic: float
    p: float
    critical_difference: float
    p_pairs: Array


def friedman_nemenyi(
    values_DK: Array, *, names: tuple[str, ...], blocks: tuple[str, ...], higher: bool, alpha: float
) -> Omnibus:
    r"""Rank methods in each set of data, and test the average ranks.

    .. math:: CD = q_\alpha \sqrt{\frac{K (K + 1)}{6 D}}

    with :math:`q_\alpha` of the studentized range over :math:`\sqrt 2`. The sets of data must be independent of one
    another; the slices of one test set are not, since the same trained models answer them, so that a caller who ranks
    over slices has to say so.

    Args:
        values_DK: mean over seeds of each method on each set of data; NaN where it has none
        names: of the methods
        blocks: of the sets of data
        higher: whether more is better
        alpha: of the critical difference

    Raises:
        ConfigError: fewer than 3 methods, or fewer than 2 sets of data that all methods have

    Example:
        >>> values = np.array([[0.9, 0.8, 0.7], [0.8, 0.7, 0.6], [0.9, 0.6, 0.7], [0.7, 0.6, 0.5]])
        >>> found = friedman_nemenyi(
        ...     values, names=("a", "b", "c"), blocks=("1", "2", "3", "4"), higher=True, alpha=0.05
        ... )
        >>> found.rank.tolist(), round(found.p, 4), round(found.critical_difference, 3)
        ([1.0, 2.25, 2.75], 0.0388, 1.657)

    Reference:
        Demšar (2006), Statistical Comparisons of Classifiers over Multiple Data Sets, sections 3.2.2 and 3.2.3.
    """
    from scipy.stats import friedmanchisquare, rankdata, studentized_range

    places = [place for place, values_K in enumerate(values_DK) if np.isfinite(values_K).all()]
    number, methods = len(places), values_DK.shape[1]
    if methods < 3 or number < 2:
        raise ConfigError(
            f"ranks ({methods} methods on {number} sets of data that all of them have) must be of at least 3 methods "
            "on 2 sets; compare two methods in pairs"
        )
    values_DK = values_DK[places]
    rank_DK = rankdata(-values_DK if higher else values_DK, axis=1)
    rank_K = rank_DK.mean(0)
    alike = bool((rank_DK == rank_DK[:, :1]).all())
    statistic, p = (0.0, 1.0) if alike else map(float, friedmanchisquare(*values_DK.T))
    error = np.sqrt(methods * (methods + 1) / (6 * number))
    q_KK = np.abs(rank_K[:, None] - rank_K) / error * np.sqrt(2)
    return Omnibus(
        names=names,
        blocks=tuple(blocks[place] for place in places),
        left_out=tuple(name for place, name in enumerate(blocks) if place not in places),
        rank=rank_K,
        statistic=statistic,
        p=p,
        critical_difference=float(studentized_range.isf(alpha, methods, np.inf) / np.sqrt(2) * error),
        p_pairs=np.minimum(1.0, studentized_range.sf(q_KK, methods, np.inf)),
    )
