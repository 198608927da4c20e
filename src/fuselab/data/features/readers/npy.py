"""NumPy's file of one array."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fuselab.data.paired import Array
from fuselab.errors import DataError

PICKLED = (
    "the array ({name} in {path}) must hold numbers or text, not Python objects, which only pickle reads, and a pickle "
    "can run any code; where you trust it, load it with allow_pickle=True and store ragged rows as "
    "numpy.savez(file, values=numpy.concatenate(rows), lengths=[len(row) for row in rows])"
)


def read_npy(path: Path, name: str | None) -> Array:
    """Return the array of a ``.npy`` file.

    Args:
        path: of the file
        name: must be None: the array has no name

    Raises:
        DataError: a name, or Python objects
    """
    if name is not None:
        raise DataError(f"array ({name}) must be null for {path}, which holds one array without a name; leave it out")
    with path.open("rb") as file:
        return loaded(file, path, path.name)


def loaded(file: object, path: Path, name: str) -> Array:
    """Read an array in NumPy's format, and say how to convert one that is pickled."""
    try:
        array: Array = np.lib.format.read_array(file, allow_pickle=False)  # type: ignore[arg-type]
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise DataError(PICKLED.format(name=name, path=path)) from None
        raise
    return array
