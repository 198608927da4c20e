"""A picture made so small that little things in it don't matter."""

from __future__ import annotations

import numpy as np

from fuselab.data.paired import Array


def cells(picture: Array, *, rows: int, columns: int) -> Array:
    """Return the mean of each cell of a grid over a picture; a picture of fewer pixels gives as many as it has.

    Example:
        >>> cells(np.array([[[1.0, 3.0, 5.0, 5.0], [1.0, 3.0, 5.0, 5.0]]]), rows=1, columns=2).tolist()
        [[2.0, 5.0]]
    """
    grey = picture.mean(0)
    starts = [
        np.array([part[0] for part in np.array_split(np.arange(size), min(size, most))])
        for size, most in zip(grey.shape, (rows, columns), strict=True)
    ]
    sizes = [np.diff(start, append=size) for start, size in zip(starts, grey.shape, strict=True)]
    sums: Array = np.add.reduceat(np.add.reduceat(grey, starts[0], axis=0), starts[1], axis=1)
    return sums / np.outer(*sizes)
