"""The past trains, the future tests."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fuselab.data.splits.base import RowNumbers, Rows, Splitter, by_split, needed, shares_of
from fuselab.errors import DataError


class Time(Splitter):
    """The earliest rows are train, the latest test; rows of one time stay together.

    Each cut falls between two times, as near to its share as they allow. Nothing is drawn.

    Args:
        shares: of train, val and test, in rows

    Raises:
        ConfigError: shares that can't be

    Example:
        >>> days = np.array(["2024-03-02", "2024-03-01", "2024-03-03", "2024-03-01"])
        >>> rows = Rows(samples=4, target=None, group=None, time=days, column=None)
        >>> split = Time(shares={"train": 0.5, "val": 0.25, "test": 0.25}).split(rows)
        >>> {name: numbers.tolist() for name, numbers in split.items()}
        {'train': [1, 3], 'val': [0], 'test': [2]}
    """

    def __init__(self, *, shares: Mapping[str, float]) -> None:
        self.shares = shares_of(shares)

    def split(self, rows: Rows) -> dict[str, RowNumbers]:
        """Cut the rows, sorted by time, twice."""
        _, number, counts = np.unique(needed(rows, "time"), return_inverse=True, return_counts=True)
        if len(counts) < 3:
            raise DataError(
                f"the data ({len(counts)} different times) must have at least 3, one for each split; split another way"
            )
        ends = np.cumsum(counts)  # rows up to and with each time
        train, val = self.shares["train"] * rows.samples, (1 - self.shares["test"]) * rows.samples
        first = int(np.argmin(np.abs(ends[:-2] - train)))
        second = first + 1 + int(np.argmin(np.abs(ends[first + 1 : -1] - val)))
        return by_split(np.searchsorted([first, second], number.reshape(-1)))
