"""Zero mean and unit variance, measured on the train split alone.

Shapes: S samples, T steps, F features.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from fuselab.data.paired import Array, Split


def standardised(splits: Mapping[str, Split], names: Iterable[str] | None = None) -> dict[str, Split]:
    """Return all splits with modalities standardised by mean and deviation of its real train values.

    What is missing or padding is not measured, and is zero afterwards. A feature that never changes in train is only
    shifted: it has no deviation to divide by.

    Args:
        splits: modalities (S, F), or (S, T, F) with a mask; ``train`` among them
        names: of the modalities that are numbers, None for all

    Example:
        >>> there = np.ones(2, dtype=bool)
        >>> train = Split(values={"a": np.array([[1.0], [3.0]])}, present={"a": there}, target=there, slice=None)
        >>> standardised({"train": train})["train"].values["a"].tolist()
        [[-1.0], [1.0]]
    """
    train = splits["train"]
    scales: dict[str, tuple[Array, Array]] = {}
    for name in train.values if names is None else names:
        numbers = train.values[name][_real(train, name)].astype(np.float64)
        if not len(numbers):  # a modality that train lacks altogether: there is nothing to measure
            numbers = np.zeros((1, train.values[name].shape[-1]))
        deviation: Array = numbers.std(0)
        scales[name] = (numbers.mean(0), np.where(deviation > 0, deviation, 1.0))
    return {split: _scaled(one, scales) for split, one in splits.items()}


def _real(split: Split, name: str) -> Array:
    present = split.present[name]
    return present[:, None] & split.masks[name] if name in split.masks else present


def _scaled(split: Split, scales: Mapping[str, tuple[Array, Array]]) -> Split:
    values = dict(split.values)
    for name, (mean, deviation) in scales.items():
        real = _real(split, name)[..., None]
        scaled = (split.values[name].astype(np.float64) - mean) / deviation
        values[name] = np.where(real, scaled, 0.0).astype(np.float32)
    return replace(split, values=values)
