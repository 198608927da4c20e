"""Which methods may be the best: all that can't be told from it are to be marked alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fuselab.reports.statistics.compare import Comparisons


@dataclass(frozen=True)
class Best:
    """The best methods of a column.

    Args:
        leader: the method with the best mean among those that were tested; None where none was
        names: the methods to mark; none where no method is shown to be worse
        untested: methods that couldn't be compared with the leader
    """

    leader: str | None
    names: frozenset[str]
    untested: tuple[str, ...]


def find_best(comparisons: Comparisons) -> Best:
    """Return the methods that no other is better than, as far as can be claimed.

    The rule: a method is marked unless the difference to some better method holds, corrected over all pairs of methods.
    So with Holm the chance that any method is wrongly left unmarked is at most alpha, however many are really equal.
    To test each method against the one with the highest mean, and to correct for these tests alone, would not do: the
    highest of many equal means is high by luck (the winner's curse), and was chosen by the numbers that test it. Of 37
    equal methods with 5 seeds, such tests find one worse in 19 tables of 100.
    A method that couldn't be compared with the leader, such as one with a single seed, is not marked and is named.
    Where nobody is shown to be worse, nobody is marked.

    Args:
        comparisons: of all pairs

    Reference:
        Hsu (1984), Constrained Simultaneous Confidence Intervals for Multiple Comparisons with the Best, for the aim.
    """
    scores = comparisons.scores
    known_P = np.isfinite(comparisons.corrected)
    tested = {int(place) for side in (comparisons.first, comparisons.second) for place in side[known_P]}
    if not tested:
        return Best(None, frozenset(), scores.names)
    leader = next(place for place in scores.ranked() if place in tested)
    worse = {
        int(second if difference > 0 else first)
        for first, second, difference, holds in zip(
            comparisons.first,
            comparisons.second,
            comparisons.tested.difference,
            comparisons.holds,
            strict=True,
        )
        if holds
    }
    with_leader_P = known_P & ((comparisons.first == leader) | (comparisons.second == leader))
    beside = {int(place) for side in (comparisons.first, comparisons.second) for place in side[with_leader_P]}
    marked = frozenset(scores.names[place] for place in beside - worse)
    untested = tuple(name for place, name in enumerate(scores.names) if place not in beside)
    return Best(scores.names[leader], marked if beside & worse else frozenset(), untested)
