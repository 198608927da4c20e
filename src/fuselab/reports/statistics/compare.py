"""Methods compared in pairs, by one test and with one correction over all of them.

Shapes: S seeds, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fuselab.reports.statistics.correct import correct
from fuselab.reports.statistics.crossed import crossed_test
from fuselab.reports.statistics.paired import Tested, paired_differences, student_test, wilcoxon_test
from fuselab.reports.statistics.scores import Array, Scores
from fuselab.reports.statistics.settings import Settings, Test


@dataclass(frozen=True)
class Comparisons:
    """What holds between methods.

    Args:
        scores: what was compared
        test: by which it was tested
        first: (P,), places of the first methods
        second: (P,), places of the second ones
        tested: each pair by itself
        corrected: (P,), p-values, corrected over all pairs
        holds: (P,), whether a pair's difference can be claimed
        number: how many pairs were corrected for, of which these may be some
    """

    scores: Scores
    test: Test
    first: Array
    second: Array
    tested: Tested
    corrected: Array
    holds: Array
    number: int

    def __len__(self) -> int:
        return len(self.first)

    def names(self, place: int) -> tuple[str, str]:
        """Return the two methods of a pair."""
        return self.scores.names[self.first[place]], self.scores.names[self.second[place]]

    def only(self, places: Array) -> Comparisons:
        """Return some of the pairs, corrected as they were among all.

        Args:
            places: of the pairs
        """
        tested = Tested(*(values[places] for values in self.tested))
        return replace(
            self,
            first=self.first[places],
            second=self.second[places],
            tested=tested,
            corrected=self.corrected[places],
            holds=self.holds[places],
        )


def compare(scores: Scores, pairs: tuple[Array, Array], *, settings: Settings) -> Comparisons:
    """Compare methods in pairs; where no samples are known, a test of seeds and samples becomes one of seeds.

    Args:
        scores: a metric by method and seed
        pairs: places of the first and of the second methods
        settings: how to test
    """
    first_P, second_P = pairs
    test: Test = "t" if settings.test == "crossed" and scores.samples is None else settings.test
    if test == "crossed":
        tested = crossed_test(scores, first_P, second_P, alpha=settings.alpha)
    else:
        make = student_test if test == "t" else wilcoxon_test
        tested = make(paired_differences(scores, first_P, second_P), alpha=settings.alpha)
    corrected_P = correct(tested.p, correction=settings.correction)
    holds_P = np.nan_to_num(corrected_P, nan=1.0) <= settings.alpha
    return Comparisons(scores, test, first_P, second_P, tested, corrected_P, holds_P, len(first_P))
