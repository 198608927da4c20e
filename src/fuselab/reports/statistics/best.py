"""Which methods may be the best: all that can't be told from it are to be marked alike.

Shapes: K methods, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fuselab.reports.statistics.compare import Comparisons
from fuselab.reports.statistics.correct import correct
from fuselab.reports.statistics.scores import Array
from fuselab.reports.statistics.settings import Settings


@dataclass(frozen=True)
class Best:
    """The best methods of a column.

    Args:
        leader: the method with the best mean among those that were tested; None where none was
        names: the methods to mark; none where no method is shown not to be the best
        untested: methods that couldn't be compared with the leader
    """

    leader: str | None
    names: frozenset[str]
    untested: tuple[str, ...]


def find_best(comparisons: Comparisons, *, settings: Settings) -> Best:
    """Return the methods that may be the best, as far as can be claimed.

    The rule: for each method the hypothesis is that no other is better. Its p-value combines the one-sided tests of all
    others against it (Simes), and is corrected over the methods; what is rejected is not marked. So with Holm the
    chance that any method that is truly among the best is left unmarked is at most alpha, however many are equal.
    To test each method against the one with the highest mean, and to correct for these tests alone, would not do: the
    highest of many equal means is high by luck (the winner's curse), and was chosen by the numbers that test it. Of 37
    equal methods with 5 seeds, such tests find one worse in 19 tables of 100.
    A method that couldn't be compared with the leader, such as one with a single seed, is not marked and is named.
    Where nobody is shown not to be the best, nobody is marked.

    Args:
        comparisons: of all pairs
        settings: how they were tested

    Reference:
        Simes (1986), An Improved Bonferroni Procedure for Multiple Tests of Significance, which holds for tests that
        depend as these do, since all share one method; Hsu (1984), Constrained Simultaneous Confidence Intervals for
        Multiple Comparisons with the Best, for the aim.
    """
    scores = comparisons.scores
    known_P = np.isfinite(comparisons.tested.p)
    tested = _methods(comparisons, known_P)
    if not tested:
        return Best(None, frozenset(), scores.names)
    leader = next(place for place in scores.ranked() if place in tested)
    beside = _methods(comparisons, known_P & ((comparisons.first == leader) | (comparisons.second == leader)))
    corrected_K = correct(_simes(_worse(comparisons)), correction=settings.correction)
    kept = {place for place in beside if corrected_K[place] > settings.alpha}
    return Best(
        leader=scores.names[leader],
        names=frozenset(scores.names[place] for place in kept) if kept < beside else frozenset(),
        untested=tuple(name for place, name in enumerate(scores.names) if place not in beside),
    )


def _methods(comparisons: Comparisons, pairs_P: Array) -> set[int]:
    return {int(place) for side in (comparisons.first, comparisons.second) for place in side[pairs_P]}


def _worse(comparisons: Comparisons) -> Array:
    """Return one-sided p-values: that a method (row) is worse than another (column); 1 where that wasn't tested.

    Shape:
        - output: (K, K)
    """
    number = len(comparisons.scores.names)
    half_P = comparisons.tested.p / 2
    first_is_better_P = np.where(comparisons.tested.difference > 0, half_P, 1 - half_P)
    worse_KK = np.ones((number, number))
    worse_KK[comparisons.second, comparisons.first] = np.nan_to_num(first_is_better_P, nan=1.0)
    worse_KK[comparisons.first, comparisons.second] = np.nan_to_num(1 - first_is_better_P, nan=1.0)
    return worse_KK


def _simes(p_KK: Array) -> Array:
    """Return one p-value a row, of all but its largest, which is the method against itself."""
    others = p_KK.shape[1] - 1
    return np.asarray((np.sort(p_KK, axis=1)[:, :others] * others / np.arange(1, others + 1)).min(1))
