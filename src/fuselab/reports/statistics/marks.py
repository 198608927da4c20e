"""What is said of the marks in a table."""

from __future__ import annotations

from collections.abc import Sequence

from fuselab.reports.statistics.analyse import Statistics
from fuselab.reports.statistics.claims import CORRECTED, OVER
from fuselab.reports.table import Column


def say_marks(statistics: Statistics | str, columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the rule by which cells of a table are bold, and what could not be tested.

    Args:
        statistics: of the sweep, or why there are none
        columns: that the table shows
    """
    if isinstance(statistics, str):
        return (f"no bold: {statistics}",)
    pairs, settings = statistics.pairs, statistics.settings
    compared = [column for column in columns if column.name in statistics.best]
    if not len(pairs) or not compared:
        return ()
    seeds = sorted({int(number) for number in pairs.tested.seeds})
    if seeds[-1] < 2:
        return ("no bold: with one seed no difference between methods can be claimed",)
    # A slice without test samples has no number to test.
    tested = [column for column in compared if statistics.best[column.name].leader is not None]
    if not tested:
        return ("no bold: nothing could be tested, since differences between methods don't vary with the seed",)
    number = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    rule = (
        f"each tested against all others {OVER[pairs.test]}, {number} seeds, {CORRECTED[settings.correction]} over "
        f"{len(pairs.scores.names)} methods, alpha {settings.alpha:g}"
    )
    marked = [column for column in tested if statistics.best[column.name].names]
    if not marked:
        return (f"no bold: every method may be the best ({rule})", *_not_tested(statistics, tested))
    said = [f"bold: may be the best in that column, and no other may ({rule})"]
    if rest := [column.heading for column in tested if column not in marked]:
        said.append(f"no bold where every method may be the best: {', '.join(rest)}")
    return (*said, *_not_tested(statistics, tested))


def _not_tested(statistics: Statistics, columns: Sequence[Column]) -> tuple[str, ...]:
    said = []
    if untested := statistics.best[columns[0].name].untested:
        said.append(
            f"not tested, for want of common seeds or of a spread, and never bold: {', '.join(untested)}"
        )  # fmt: skip
    if statistics.seeds_alone:
        said.append(f"test samples could not be counted: {statistics.seeds_alone}")
    return tuple(said)
