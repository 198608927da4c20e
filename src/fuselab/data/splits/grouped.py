"""Whole groups: no speaker, patient or video stands in two splits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fuselab.data.splits.base import RowNumbers, Rows, Splitter, by_split, check_whole, needed, shares_of, stream
from fuselab.data.splits.draw import draw_groups
from fuselab.errors import DataError


class Grouped(Splitter):
    """Every group by itself; the shares of rows are met as nearly as whole groups allow.

    Args:
        shares: of train, val and test, in rows
        seed: of the draw

    Raises:
        ConfigError: shares or a seed that can't be

    Example:
        >>> speaker = np.array(["ann", "ann", "bo", "bo", "cy", "cy", "di", "di"])
        >>> rows = Rows(samples=8, target=None, group=speaker, time=None, column=None)
        >>> split = Grouped(shares={"train": 0.5, "val": 0.25, "test": 0.25}, seed=0).split(rows)
        >>> [len(set(speaker[numbers])) for numbers in split.values()]
        [2, 1, 1]
    """

    def __init__(self, *, shares: Mapping[str, float], seed: int) -> None:
        self.shares = shares_of(shares)
        check_whole("split.seed", seed, least=0)
        self.seed = seed

    def split(self, rows: Rows) -> dict[str, RowNumbers]:
        """Draw groups of test from all, then groups of val from the rest."""
        group = needed(rows, "group")
        groups = len(np.unique(group))
        if groups < 3:
            raise DataError(f"the data ({groups} groups) must have at least 3, one for each split; split another way")
        part = np.zeros(rows.samples, dtype=int)
        part[draw_groups(group, self.shares["test"] * rows.samples, stream(self.seed, "test"))] = 2
        rest = np.flatnonzero(part == 0)
        wanted = self.shares["val"] * rows.samples
        part[rest[draw_groups(group[rest], wanted, stream(self.seed, "val"))]] = 1
        return by_split(part)
