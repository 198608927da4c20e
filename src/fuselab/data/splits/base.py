"""What every way of splitting has in common: rows go in, row numbers of train, val and test come out.

Shapes: S samples of the source, G groups, C classes.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fuselab.data.paired import SPLITS, Array, sha256
from fuselab.errors import ConfigError, DataError

RowNumbers = npt.NDArray[np.int64]
SHOWN = 5  # rows named in an error


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What a source knows of its rows; a splitter takes from it what it needs.

    Args:
        samples: number of rows, S
        target: (S,) classes, or (S, …) values, or None
        group: (S,) names of speakers, patients or videos, or None
        time: (S,) numbers, dates, or strings that sort by time as ISO 8601 does, or None
        column: (S,) the publisher's word for each row's split, or None
    """

    samples: int
    target: Array | None
    group: Array | None
    time: Array | None
    column: Array | None


class Splitter(ABC):
    """A way to share rows out to train, val and test."""

    @abstractmethod
    def split(self, rows: Rows) -> dict[str, RowNumbers]:
        """Return the sorted row numbers of ``train``, ``val`` and ``test``; every row stands in one of them.

        Args:
            rows: what the source knows of its rows

        Raises:
            DataError: rows that can't be split this way
        """


def split_hash(rows: Mapping[str, Array]) -> str:
    """Hash which source rows are in which split.

    Args:
        rows: row numbers, or names, of each split; of each kind of source rows where samples are put together

    Example:
        >>> import numpy as np
        >>> one = {"train": np.array([0, 2]), "val": np.array([1]), "test": np.array([3])}
        >>> split_hash(one) == split_hash({**one, "val": np.array([3]), "test": np.array([1])})
        False
    """
    return sha256(rows)


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the random stream of that name: independent of every other."""
    words = [name if isinstance(name, int) else zlib.crc32(name.encode()) for name in names]
    return np.random.default_rng([seed, *words])


def by_split(part: Array) -> dict[str, RowNumbers]:
    """Return the sorted rows of each split.

    Args:
        part: (S,) number of each row's split in ``SPLITS``

    Raises:
        DataError: a split without rows

    Example:
        >>> {name: rows.tolist() for name, rows in by_split(np.array([0, 2, 0, 1])).items()}
        {'train': [0, 2], 'val': [3], 'test': [1]}
    """
    rows = {split: np.flatnonzero(part == number).astype(np.int64) for number, split in enumerate(SPLITS)}
    for split, numbers in rows.items():
        if not len(numbers):
            counts = ", ".join(f"{name} {len(one)}" for name, one in rows.items())
            raise DataError(f"the split {split} ({counts} rows) must have a row; change split.* or give more rows")
    return rows


def shares_of(shares: Mapping[str, float]) -> dict[str, float]:
    """Return the shares of train, val and test as floats.

    Raises:
        ConfigError: not three positive numbers that sum to 1
    """
    if set(shares) != set(SPLITS):
        raise ConfigError(f"split.shares ({', '.join(shares)}) must name train, val and test; name each once")
    for name, value in shares.items():
        check_share(f"split.shares.{name}", value)
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise ConfigError(f"split.shares (sums to {sum(shares.values()):g}) must sum to 1; change the shares")
    return {name: float(shares[name]) for name in SPLITS}


def check_share(key: str, value: Any) -> None:
    """Refuse what is not a share of the rows."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise ConfigError(f"{key} ({value!r}) must be between 0 and 1, both excluded; set {key}=0.1")


def check_whole(key: str, value: Any, *, least: int) -> None:
    """Refuse what is not a whole number."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f"{key} ({value!r}) must be a whole number of at least {least}; set {key}={least}")


def needed(rows: Rows, field: str) -> Array:
    """Return a field that a splitter can't do without, a value for each row.

    Args:
        rows: of the source
        field: ``target``, ``group``, ``time`` or ``column``

    Raises:
        DataError: the source doesn't give it, or not for each row
    """
    values: Array | None = getattr(rows, field)
    if values is None:
        raise DataError(f"the data must give a {field} for this split; name its column in the data config")
    if len(values) != rows.samples:
        raise DataError(
            f"the {field} ({len(values)} values) must have one for each of the {rows.samples} rows; add them"
        )
    empty = _empty(values)
    if empty.any():
        raise DataError(f"the {field} ({named(empty)}) must be given for each row; fill it in or leave these rows out")
    return values


def classes_of(rows: Rows, *, splits: int) -> Array:
    """Return the number of each row's class.

    Args:
        rows: of the source
        splits: that every class has to stand in

    Raises:
        DataError: targets that are not classes, or a class of fewer rows than splits
    """
    target = needed(rows, "target")
    if target.ndim != 1 or target.dtype.kind == "f":
        raise DataError(
            f"the target ({target.dtype} of shape {target.shape}) must be one class a row to be stratified; "
            "set split.stratify=false"
        )
    names, number, counts = np.unique(target, return_inverse=True, return_counts=True)
    for name, count in zip(names, counts, strict=True):
        if count < splits:
            raise DataError(
                f"the class {name} ({count} rows) must have at least {splits}, one for each split; add rows, merge it "
                "with another, or set split.stratify=false"
            )
    return number.reshape(-1)


def named(chosen: Array) -> str:
    """Return the first of the chosen rows, and how many there are.

    Args:
        chosen: (S,) bool

    Example:
        >>> named(np.array([True, False, True]))
        'rows 0, 2'
    """
    numbers = np.flatnonzero(chosen)
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return f"row{'s' if len(numbers) > 1 else ''} " + ", ".join(map(str, numbers[:SHOWN])) + more


def _empty(values: Array) -> Array:
    if values.dtype.kind in "OUS":
        return np.array([_is_empty(value) for value in values.tolist()], dtype=bool)
    if values.dtype.kind in "fmM":
        unknown: Array = np.isnan(values) if values.dtype.kind == "f" else np.isnat(values)
        return np.array(unknown.reshape(len(values), -1).any(1))
    return np.zeros(len(values), dtype=bool)


def _is_empty(value: Any) -> bool:
    return value is None or not str(value).strip() or (isinstance(value, float) and np.isnan(value))
