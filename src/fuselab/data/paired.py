"""Paired data as arrays: what every source gives and every DataModule takes.

Shapes: S samples of a split.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
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
        group: (S,) whom or what each sample comes from, such as a speaker or a video; None where nobody says
    """

    values: Mapping[str, Array]
    present: Mapping[str, Array]
    target: Array
    slice: Array | None
    masks: Mapping[str, Array] = field(default_factory=dict)
    group: Array | None = None

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
        account: how its samples came about, such as what matched when tables were joined
    """

    name: str
    splits: Mapping[str, Split]
    slices: tuple[str, ...]
    fingerprint: str
    split_hash: str
    notes: tuple[str, ...] = ()
    account: tuple[str, ...] = ()


def split_of(arrays: Mapping[str, Array], split: str, modalities: Sequence[str]) -> Split:
    """Return one split of the arrays that a generator made.

    Args:
        arrays: named ``<split>.<modality>``, ``<split>.present_<modality>``, ``<split>.target`` and ``<split>.slice``
        split: its name
        modalities: their names
    """
    return Split(
        values={name: arrays[f"{split}.{name}"] for name in modalities},
        present={name: arrays[f"{split}.present_{name}"] for name in modalities},
        target=arrays[f"{split}.target"],
        slice=arrays[f"{split}.slice"],
    )


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
