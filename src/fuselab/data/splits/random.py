"""Rows at random, class by class where asked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fuselab.data.splits.base import RowNumbers, Rows, Splitter, by_split, check_whole, classes_of, shares_of, stream
from fuselab.data.splits.draw import draw_rows


class Random(Splitter):
    """Every row by itself. Only for data whose rows have nothing to do with one another; else see ``Grouped``.

    Where stratified, val and test have their share of each class to within two rows; a class smaller than that may
    miss a split, and one of fewer than three rows is an error.

    Args:
        shares: of train, val and test
        seed: of the draw
        stratify: keep the shares in each class

    Raises:
        ConfigError: shares or a seed that can't be

    Example:
        >>> rows = Rows(samples=10, target=np.arange(10) % 2, group=None, time=None, column=None)
        >>> split = Random(shares={"train": 0.6, "val": 0.2, "test": 0.2}, seed=0, stratify=True).split(rows)
        >>> [len(numbers) for numbers in split.values()]
        [6, 2, 2]
    """

    def __init__(self, *, shares: Mapping[str, float], seed: int, stratify: bool) -> None:
        self.shares = shares_of(shares)
        check_whole("split.seed", seed, least=0)
        self.seed = seed
        self.stratify = stratify

    def split(self, rows: Rows) -> dict[str, RowNumbers]:
        """Draw test from all, then val from the rest."""
        classes = classes_of(rows, splits=3) if self.stratify else np.zeros(rows.samples, dtype=int)
        part = np.zeros(rows.samples, dtype=int)
        part[draw_rows(classes, self.shares["test"], stream(self.seed, "test"))] = 2
        rest = np.flatnonzero(part == 0)
        share = self.shares["val"] / (1 - self.shares["test"])
        part[rest[draw_rows(classes[rest], share, stream(self.seed, "val"))]] = 1
        return by_split(part)
