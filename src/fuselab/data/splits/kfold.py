"""One fold of a cross-validation: over all folds, each row is in test once.

Shapes: S rows, G groups, K folds, C classes.
"""

from __future__ import annotations

import numpy as np

from fuselab.data.paired import Array
from fuselab.data.splits.base import (
    RowNumbers,
    Rows,
    Splitter,
    by_split,
    check_share,
    check_whole,
    classes_of,
    needed,
    stream,
)
from fuselab.data.splits.draw import draw_groups, draw_rows
from fuselab.errors import ConfigError, DataError


class KFold(Splitter):
    """A fold is test; val is drawn from the others.

    Where stratified, folds have each class to within one row; where grouped as well, as nearly as groups dealt one by
    one, the largest first, come to it; val is then drawn by group alone.

    Args:
        folds: number of folds
        fold: the one that is test, from 0; sweep over it
        val_share: of the rows that are not test
        seed: of the draw; the same for all folds of a cross-validation
        stratify: keep the shares of classes
        grouped: keep groups whole

    Raises:
        ConfigError: a value that can't be

    Example:
        >>> rows = Rows(samples=8, target=np.arange(8) % 2, group=None, time=None, column=None)
        >>> tests = [
        ...     KFold(folds=4, fold=fold, val_share=0.34, seed=0, stratify=True, grouped=False).split(rows)["test"]
        ...     for fold in range(4)
        ... ]
        >>> sorted(np.concatenate(tests).tolist())
        [0, 1, 2, 3, 4, 5, 6, 7]
    """

    def __init__(self, *, folds: int, fold: int, val_share: float, seed: int, stratify: bool, grouped: bool) -> None:
        check_whole("split.folds", folds, least=2)
        check_whole("split.fold", fold, least=0)
        if fold >= folds:
            raise ConfigError(f"split.fold ({fold}) must be less than split.folds ({folds}); folds count from 0")
        check_share("split.val_share", val_share)
        check_whole("split.seed", seed, least=0)
        self.folds, self.fold, self.val_share, self.seed = folds, fold, val_share, seed
        self.stratify, self.grouped = stratify, grouped

    def split(self, rows: Rows) -> dict[str, RowNumbers]:
        """Deal the rows out to folds, then draw val from those that are not test."""
        # A class has to reach every fold, and train and val beside it.
        classes = classes_of(rows, splits=max(3, self.folds)) if self.stratify else np.zeros(rows.samples, dtype=int)
        draws = stream(self.seed, "folds")
        if self.grouped:
            group = needed(rows, "group")
            groups = len(np.unique(group))
            if groups < max(3, self.folds):
                raise DataError(
                    f"the data ({groups} groups) must have at least {max(3, self.folds)}, one for each fold and for "
                    "each split; lower split.folds or split another way"
                )
            folds = _deal_groups(group, classes, self.folds, draws)
        else:
            order = draws.permutation(rows.samples)
            order = order[np.argsort(classes[order], kind="stable")]
            folds = np.empty(rows.samples, dtype=int)
            folds[order] = np.arange(rows.samples) % self.folds
        part = np.where(folds == self.fold, 2, 0)
        rest = np.flatnonzero(part == 0)
        if self.grouped:
            drawn = draw_groups(group[rest], self.val_share * len(rest), stream(self.seed, "val", self.fold))
        else:
            drawn = draw_rows(classes[rest], self.val_share, stream(self.seed, "val", self.fold))
        part[rest[drawn]] = 1
        return by_split(part)


def _deal_groups(group: Array, classes: Array, folds: int, draws: np.random.Generator) -> Array:
    """Return each row's fold: groups, the largest first, go where they leave classes and folds most even."""
    names, number = np.unique(group, return_inverse=True)
    counts_GC = np.zeros((len(names), int(classes.max()) + 1))
    np.add.at(counts_GC, (number.reshape(-1), classes), 1)
    drawn = draws.permutation(len(names))  # decides between groups of one size
    order = drawn[np.argsort(-counts_GC.sum(1)[drawn], kind="stable")]
    shares_GC = counts_GC / counts_GC.sum(0)  # a rare class counts as much as a frequent one
    held_KC = np.zeros((folds, counts_GC.shape[1]))
    fold_of = np.empty(len(names), dtype=int)
    for one in order:
        # What a fold's sum of squares grows by; the growth of all others is none. Emptier ones first among equals.
        growth_K = (2 * held_KC * shares_GC[one]).sum(1)
        fold_of[one] = np.lexsort((held_KC.sum(1), growth_K))[0]
        held_KC[fold_of[one]] += shares_GC[one]
    return fold_of[number.reshape(-1)]
