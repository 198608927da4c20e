"""The samples of an interval as one vector, or as one for each part of it.

Shapes: N samples, F numbers of each, P parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from fuselab.data.paired import Array
from fuselab.data.streams.signal import CLOSE, Signal

Pool = Literal["mean", "max", "last"]
POOLS: dict[str, Callable[[Array], Any]] = {
    "mean": lambda values: values.mean(0),
    "max": lambda values: values.max(0),
    "last": lambda values: values[-1],
}


def pooled(signal: Signal, begin: float, end: float, *, pool: Pool, parts: int) -> tuple[Array, Array]:
    """Cut an interval into equal parts, and pool the samples of each.

    Args:
        signal: samples of the interval, in time
        begin: of the interval
        end: of the interval
        pool: ``mean``, ``max`` of each number, or the ``last`` sample
        parts: P

    Returns:
        (P, F) and (P,) bool: whether a part has a sample

    Example:
        >>> signal = Signal(times=np.array([0.1, 0.2, 0.7]), values=np.array([[1.0], [3.0], [5.0]]))
        >>> values, real = pooled(signal, 0.0, 1.0, pool="mean", parts=4)
        >>> values[:, 0].tolist(), real.tolist()
        ([2.0, 0.0, 5.0, 0.0], [True, False, True, False])
    """
    values = np.zeros((parts, signal.values.shape[1]))
    edges = begin + (end - begin) * np.arange(1, parts) / parts
    part = np.searchsorted(edges - CLOSE, signal.times, side="right")
    for one in np.unique(part):
        values[one] = POOLS[pool](signal.values[part == one])
    return values, np.isin(np.arange(parts), part)
