"""The publisher's split, as a column says it; val drawn from train where the publisher has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fuselab.data.paired import SPLITS, Array
from fuselab.data.splits.base import (
    RowNumbers,
    Rows,
    Splitter,
    by_split,
    check_share,
    check_whole,
    classes_of,
    named,
    needed,
    stream,
)
from fuselab.data.splits.draw import draw_groups, draw_rows
from fuselab.errors import ConfigError, DataError, nearest

WAYS = ("group", "class", "row")


class Column(Splitter):
    """Each row where its value says.

    Args:
        train: value, or values, that mean train
        val: the same for val; empty where ``draw_val`` says how val is drawn
        test: the same for test
        draw_val: ``share`` of the train rows, ``by`` group, class or row, and ``seed`` of val, or None; what the column
            calls test stays as it is

    Raises:
        ConfigError: a value that means two splits, a split that has none, or a way to draw val that can't be

    Example:
        >>> rows = Rows(samples=3, target=None, group=None, time=None, column=np.array(["train", "test", "dev"]))
        >>> split = Column(train="train", val=["val", "dev"], test="test", draw_val=None).split(rows)
        >>> {name: numbers.tolist() for name, numbers in split.items()}
        {'train': [0], 'val': [2], 'test': [1]}
    """

    def __init__(
        self,
        *,
        train: str | Sequence[str],
        val: str | Sequence[str],
        test: str | Sequence[str],
        draw_val: Mapping[str, Any] | None,
    ) -> None:
        self.meaning: dict[str, str] = {}
        for split, values in zip(SPLITS, (train, val, test), strict=True):
            drawn = split == "val" and draw_val is not None
            listed = [str(value) for value in ([values] if isinstance(values, str | int) else values or [])]
            if bool(listed) == drawn:
                must = "be empty where split.draw_val draws val" if drawn else "name the values that mean it"
                raise ConfigError(f"split.{split} ({values}) must {must}; set split.{split}={'[]' if drawn else split}")
            for value in listed:
                if value in self.meaning:
                    raise ConfigError(
                        f"split.{split} ({value}) must not mean {self.meaning[value]} too; leave it out of one of them"
                    )
                self.meaning[value] = split
        self.draw_val = None if draw_val is None else _checked(draw_val)

    def split(self, rows: Rows) -> dict[str, RowNumbers]:
        """Put each row where its value says, then draw val from train where asked."""
        words = needed(rows, "column").astype(str)
        values, number = np.unique(words, return_inverse=True)
        numbers = np.array([SPLITS.index(self.meaning[one]) if one in self.meaning else -1 for one in values.tolist()])
        part = numbers[number.reshape(-1)]
        if (part < 0).any():
            strange = str(words[part < 0][0])
            raise DataError(
                f"the split column ({strange!r} in {named(part < 0)}) must say a value that means a split; "
                f"{nearest(strange, self.meaning)}, or add it to split.train, split.val or split.test"
            )
        if self.draw_val is not None:
            train = np.flatnonzero(part == 0)
            part[train[_val(rows, train, **self.draw_val)]] = 1
        return by_split(part)


def _checked(draw_val: Mapping[str, Any]) -> dict[str, Any]:
    if set(draw_val) != {"share", "by", "seed"}:
        raise ConfigError(f"split.draw_val ({', '.join(draw_val)}) must have share, by and seed; give these three")
    check_share("split.draw_val.share", draw_val["share"])
    check_whole("split.draw_val.seed", draw_val["seed"], least=0)
    if draw_val["by"] not in WAYS:
        raise ConfigError(f"split.draw_val.by ({draw_val['by']}) must be one of {', '.join(WAYS)}; choose one")
    return dict(draw_val)


def _val(rows: Rows, train: Array, *, share: float, by: str, seed: int) -> Array:
    """Return which of the train rows become val."""
    if by == "group":
        group = needed(rows, "group")[train]
        if len(np.unique(group)) < 2:
            raise DataError("the train rows (1 group) must have at least 2 groups for split.draw_val; draw it by row")
        return draw_groups(group, share * len(train), stream(seed, "val"))
    classes = np.zeros(len(train), dtype=int)
    if by == "class":
        kept = Rows(samples=len(train), target=needed(rows, "target")[train], group=None, time=None, column=None)
        classes = classes_of(kept, splits=2)
    return draw_rows(classes, share, stream(seed, "val"))
