"""Learning curves from ``metrics.csv``, with no more points than a screen shows."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fuselab.reports.dashboard.numbers import short

POINTS = 400_000  # of all curves of a page together
MOST, LEAST = 200, 20  # of one curve


@dataclass(frozen=True)
class Curves:
    """What was logged over the epochs of a run.

    Args:
        epoch: of each row
        values: of each metric, None where it was not logged
    """

    epoch: tuple[int, ...]
    values: dict[str, tuple[float | int | None, ...]]

    def thinned(self, points: int) -> Curves:
        """Return as many rows as asked for, the first and the last among them.

        Args:
            points: at most
        """
        if len(self.epoch) <= points:
            return self
        rows = spread(len(self.epoch), points)
        values = {name: tuple(several[row] for row in rows) for name, several in self.values.items()}
        return Curves(tuple(self.epoch[row] for row in rows), values)


def read_curves(path: Path) -> Curves:
    """Read the metrics of a run over all samples, those of slices left out; none where there is no file.

    Args:
        path: ``metrics.csv``; rows that make no sense are passed over
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error):
        return Curves((), {})
    rows = [row for row in table if (row.get("epoch") or "").isdecimal()]
    names = [name for name in (rows[0] if rows else ()) if name and name.count("/") == 1]
    values = {name: tuple(_number(row[name]) for row in rows) for name in names}
    return Curves(tuple(int(row["epoch"]) for row in rows), values)


def spread(number: int, most: int) -> list[int]:
    """Return as many places as asked for, evenly apart, the first and the last among them.

    Args:
        number: of places that there are
        most: places to return at most

    Example:
        >>> spread(7, 3), spread(2, 3)
        ([0, 3, 6], [0, 1])
    """
    if number <= most:
        return list(range(number))
    places: list[int] = np.rint(np.linspace(0, number - 1, most)).astype(int).tolist()
    return places


def points_each(runs: int, names: Sequence[str]) -> int:
    """Return how many points a curve may have.

    Args:
        runs: of the page
        names: of the metrics

    Example:
        >>> points_each(10, ["train/loss"]), points_each(1000, ["train/loss"] * 5), points_each(10_000, ["x"] * 9)
        (200, 80, 20)
    """
    return max(LEAST, min(MOST, POINTS // max(1, runs * len(names))))


def _number(text: str | None) -> float | int | None:
    try:
        return short(float(text or "nan"))
    except ValueError:
        return None
