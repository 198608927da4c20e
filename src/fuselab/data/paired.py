"""Paired data as arrays: what every source gives and every DataModule takes.

Shapes: S samples of a split.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
SPLITS = ("train", "val", "test")


@dataclass(frozen=True, kw_only=True)
class Split:
    """One split, row by row.

    Args:
        values: each modality's values (S, …); text as strings
        present: each modality's (S,) bool
        target: (S,) classes or (S, C) values
        slice: (S,) number of each sample's group in ``PairedData.slices``, or None
        masks: of modalities that are padded sequences, (S, T) bool, True where real
    """

    values: Mapping[str, Array]
    present: Mapping[str, Array]
    target: Array
    slice: Array | None
    masks: Mapping[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True, kw_only=True)
class PairedData:
    """All splits of a dataset, with what proves which data it was.

    Args:
        name: name with the generator's or publisher's version
        splits: ``train``, ``val`` and ``test``
        slices: names of the groups of samples
        fingerprint: SHA-256 over every byte of every split
        split_hash: SHA-256 over which source rows are in which split
        notes: what a user should know of it, such as each cell that couldn't be used
    """

    name: str
    splits: Mapping[str, Split]
    slices: tuple[str, ...]
    fingerprint: str
    split_hash: str
    notes: tuple[str, ...] = ()


class Picked:
    """Rows of an array that stays where it is, such as on disk: a split of a big file costs its row numbers.

    Args:
        array: (R, …)
        rows: (S,), which of them, in order

    Example:
        >>> import numpy as np
        >>> picked = Picked(np.array([10, 11, 12, 13]), np.array([3, 1]))
        >>> picked[:1].tolist(), np.asarray(picked).tolist(), picked.shape
        ([13], [13, 11], (2,))
    """

    def __init__(self, array: Array, rows: Array) -> None:
        self.array = array
        self.rows = rows
        self.dtype = array.dtype
        self.shape = (len(rows), *array.shape[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: Any) -> Any:
        return self.array[self.rows[chosen]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.array[self.rows], dtype)


class Texts:
    """Texts as UTF-8 in one array of bytes, of which only what is read is in memory.

    Args:
        data: (bytes of all texts,), uint8
        ends: (R,), where each text ends
        rows: (S,), which of them, in order

    Example:
        >>> import numpy as np
        >>> texts = Texts(np.frombuffer("aé".encode(), np.uint8), np.array([1, 3]), np.array([1, 0]))
        >>> list(texts), texts[0], list(texts[np.array([1])])
        (['é', 'a'], 'é', ['a'])
    """

    dtype = np.dtype(str)

    def __init__(self, data: Array, ends: Array, rows: Array) -> None:
        self.data = data
        self.ends = ends
        self.rows = rows
        self.shape = (len(rows),)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: Any) -> Any:
        rows = self.rows[chosen]
        return Texts(self.data, self.ends, rows) if isinstance(rows, np.ndarray) else self._text(int(rows))

    def __iter__(self) -> Iterator[str]:
        return (self._text(int(row)) for row in self.rows)

    def _text(self, row: int) -> str:
        begin = int(self.ends[row - 1]) if row else 0
        return bytes(self.data[begin : int(self.ends[row])]).decode()


def sha256(arrays: Mapping[str, Array]) -> str:
    """Hash named arrays: their names, types, shapes and bytes, whatever the order of the mapping.

    Example:
        >>> import numpy as np
        >>> sha256({"a": np.zeros(2)}) == sha256({"a": np.zeros((2, 1))})
        False
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        # Without a copy, and of a memory-mapped array page by page.
        digest.update(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"")
    return digest.hexdigest()
