"""A split that came with the data, as words: what ``split=column`` reads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fuselab.data.paired import Array
from fuselab.errors import DataError

SHOWN = 5  # rows named in an error


def as_column(numbers: Mapping[str, Array], samples: int) -> Array:
    """Return each row's split from arrays of row numbers.

    Args:
        numbers: row numbers of each split, counted from 0
        samples: number of rows, each of which has to stand in one split

    Raises:
        DataError: numbers outside the rows, rows in two splits, or rows in none

    Example:
        >>> as_column({"train": np.array([0, 2]), "test": np.array([1])}, 3).tolist()
        ['train', 'test', 'train']
    """
    column = np.full(samples, "", dtype=f"U{max(len(name) for name in numbers)}")
    for name, rows in numbers.items():
        if rows.dtype.kind not in "iu" or rows.ndim != 1:
            raise DataError(
                f"the stored split {name} ({rows.dtype} {rows.shape}) must be whole numbers; store row numbers"
            )
        outside = rows[(rows < 0) | (rows >= samples)]
        if len(outside):
            raise DataError(
                f"the stored split {name} (rows {_shown(outside)}) must hold rows 0 to {samples - 1}; count from 0"
            )
        twice = rows[column[rows] != ""]
        if len(twice) or len(np.unique(rows)) < len(rows):
            values, counts = np.unique(rows, return_counts=True)
            shown = _shown(twice if len(twice) else values[counts > 1])
            raise DataError(
                f"the stored split {name} (rows {shown}) must hold rows that stand in no other place; remove them"
            )
        column[rows] = name
    nowhere = np.flatnonzero(column == "")
    if len(nowhere):
        raise DataError(
            f"the stored split (lacks rows {_shown(nowhere)}) must hold every row; add them to one of its arrays"
        )
    return column


def _shown(rows: Array) -> str:
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return ", ".join(str(row) for row in rows[:SHOWN].tolist()) + more
