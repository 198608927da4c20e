"""What proves which data a run saw."""

from __future__ import annotations

from collections.abc import Mapping

from fuselab.data.paired import Array, Split, sha256


def fingerprint(splits: Mapping[str, Split]) -> str:
    """Hash every byte of every split, and what each array is.

    Example:
        >>> import numpy as np
        >>> there = np.ones(1, dtype=bool)
        >>> one, other = (
        ...     Split(values={name: np.zeros((1, 2))}, present={name: there}, target=there, slice=None) for name in "ab"
        ... )
        >>> fingerprint({"train": one}) == fingerprint({"train": other})
        False
    """
    arrays: dict[str, Array] = {}
    for split, one in splits.items():
        groups = {"values": one.values, "present": one.present, "mask": one.masks}
        arrays |= {f"{split}.{kind}.{name}": array for kind, group in groups.items() for name, array in group.items()}
        arrays[f"{split}.target"] = one.target
        if one.slice is not None:
            arrays[f"{split}.slice"] = one.slice
    return sha256(arrays)
