"""One modality's arrays → values, mask and which rows are broken, whatever the layout.

Shapes: S samples, T steps, F features, N steps of all samples together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fuselab.data.paired import Array
from fuselab.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Modality:
    """A modality, row by row.

    Args:
        values: (S, F) or (S, T, F) float32, zeros in padding and where a row is broken or empty
        mask: (S, T), or None for vectors
        empty: (S,), True where a sequence has no step: the modality is missing
        broken: for each reason the rows (S,) that it holds for
        known: (S,), False where the files have nothing of a sample
    """

    values: Array
    mask: Array | None
    empty: Array
    broken: dict[str, Array]
    known: Array

    def taken(self, rows: Array) -> Modality:
        """Return rows in another order; -1 is a row of which there is nothing."""
        known = rows >= 0
        real = np.where(known, rows, 0)
        values = self.values[real]
        values[~known] = 0
        return Modality(
            values=values,
            mask=None if self.mask is None else self.mask[real] & known[:, None],
            empty=self.empty[real] | ~known,
            broken={why: broken[real] & known for why, broken in self.broken.items()},
            known=known,
        )


def modality(
    name: str,
    values: Array,
    *,
    size: int,
    lengths: Array | None,
    offsets: Array | None,
    mask: Array | None,
) -> Modality:
    """Read a layout: vectors, padded sequences, or ragged ones as flat values.

    Vectors are (S, F). Padded sequences are (S, T, F), with lengths (S,) or a mask (S, T) where rows are padded. Ragged
    ones are flat values (N, F) with lengths (S,) or offsets (S + 1,).

    Args:
        name: of the modality, for errors
        values: numbers
        size: F as the config says
        lengths: steps of each sample
        offsets: where each sample begins in flat values, and where the last one ends
        mask: True or 1 where a step is real

    Raises:
        DataError: arrays that make no layout; single rows that can't be are told as broken

    Example:
        >>> ragged = modality("a", np.ones((3, 1)), size=1, lengths=np.array([1, 2]), offsets=None, mask=None)
        >>> ragged.mask.tolist()
        [[True, False], [True, True]]
    """
    if sum(one is not None for one in (lengths, offsets, mask)) > 1:
        raise DataError(f"modality '{name}' must have one of lengths, offsets and mask; leave the others out")
    if values.dtype.kind not in "fiub" or values.ndim not in (2, 3):
        raise DataError(
            f"modality '{name}' ({values.dtype} {values.shape}) must hold numbers of shape (samples, features), "
            "(samples, steps, features) or flat (steps, features) with lengths or offsets; store it so"
        )
    if values.shape[-1] != size:
        raise DataError(
            f"modality '{name}' ({values.shape[-1]} features) must be as wide as its config says ({size}); "
            f"set its size to {values.shape[-1]}"
        )
    if values.ndim == 2 and mask is not None:
        raise DataError(f"modality '{name}' {values.shape} must be (samples, steps, features) to have a mask; drop it")
    if values.ndim == 3 and offsets is not None:
        raise DataError(f"modality '{name}' {values.shape} must be flat (steps, features) to have offsets; drop them")
    broken: dict[str, Array] = {}
    if values.ndim == 2 and (lengths is not None or offsets is not None):
        values, mask, broken = _ragged(name, values, lengths, offsets)
    elif values.ndim == 3:
        mask, broken = _padded(name, values, lengths, mask)
    return _cleaned(values.astype(np.float32), mask, broken)


def _whole(name: str, role: str, array: Array, shape: tuple[int, ...]) -> Array:
    if array.dtype.kind not in "iu" or array.ndim != 1 or (shape and array.shape != shape):
        wanted = f"{shape[0]} whole numbers" if shape else "whole numbers in one row"
        raise DataError(f"{role} of modality '{name}' ({array.dtype} {array.shape}) must be {wanted}; store them so")
    return array.astype(np.int64)


def _ragged(
    name: str, flat: Array, lengths: Array | None, offsets: Array | None
) -> tuple[Array, Array, dict[str, Array]]:
    if offsets is None:
        lengths = _whole(name, "lengths", lengths, ())  # type: ignore[arg-type]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        if (lengths < 0).any() or offsets[-1] != len(flat):
            # One wrong length moves all rows behind it: none of them can be trusted.
            raise DataError(
                f"lengths of modality '{name}' (sum {lengths.sum()}, least {lengths.min(initial=0)}) must be at least "
                f"0 and sum to its {len(flat)} steps; store lengths and values of the same samples"
            )
    else:
        offsets = _whole(name, "offsets", offsets, ())
        if len(offsets) < 2:
            raise DataError(
                f"offsets of modality '{name}' ({len(offsets)}) must be one more than its samples; add them"
            )
    begin, end = offsets[:-1], offsets[1:]
    wrong = (begin < 0) | (end < begin) | (end > len(flat))
    count = np.where(wrong, 0, end - begin)
    step_T = np.arange(max(1, int(count.max())))
    mask = step_T < count[:, None]
    values = np.zeros((*mask.shape, flat.shape[1]), dtype=np.float32)
    values[mask] = flat[(np.where(wrong, 0, begin)[:, None] + step_T)[mask]]
    return values, mask, {"offsets that can't be": wrong}


def _padded(name: str, values: Array, lengths: Array | None, mask: Array | None) -> tuple[Array, dict[str, Array]]:
    samples, steps, _ = values.shape
    if lengths is not None:
        lengths = _whole(name, "lengths", lengths, (samples,))
        wrong = (lengths < 0) | (lengths > steps)
        return np.arange(steps) < np.where(wrong, 0, lengths)[:, None], {f"a length outside 0 to {steps}": wrong}
    if mask is None:
        return np.ones((samples, steps), dtype=bool), {}
    if mask.shape != (samples, steps) or mask.dtype.kind not in "biuf" or not np.isin(mask, (0, 1)).all():
        raise DataError(
            f"the mask of modality '{name}' ({mask.dtype} {mask.shape}) must hold True or False for each of "
            f"{(samples, steps)}; store it so"
        )
    return mask.astype(bool), {}


def _cleaned(values: Array, mask: Array | None, broken: dict[str, Array]) -> Modality:
    finite = np.asarray(np.isfinite(values).all(axis=-1))
    not_finite = ~finite if mask is None else np.asarray((mask & ~finite).any(axis=1))
    broken = {why: rows for why, rows in {**broken, "NaN or infinity": not_finite}.items() if rows.any()}
    bad = np.zeros(len(values), dtype=bool)
    for rows in broken.values():
        bad |= rows
    empty = np.zeros(len(values), dtype=bool) if mask is None else np.asarray(~mask.any(axis=1))
    if mask is not None:
        mask = mask & ~bad[:, None]
    real = ~bad if mask is None else mask
    return Modality(
        values=np.where(real[..., None], values, np.float32(0)),
        mask=mask,
        empty=empty,
        broken=broken,
        known=np.ones(len(values), bool),
    )
