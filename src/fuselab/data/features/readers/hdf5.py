"""HDF5 files, as MATLAB 7.3, Keras and many feature extractors write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fuselab.data.features.readers.names import which
from fuselab.data.paired import Array


def read_hdf5(path: Path, name: str | None) -> Array:
    """Return one data set of a ``.h5`` file, text as strings.

    Args:
        path: of the file
        name: of the data set, with its groups: ``train/text``; None where there is one only

    Raises:
        DataError: no such data set
    """
    import h5py

    with h5py.File(path, "r") as file:
        known: list[str] = []
        file.visititems(lambda one, item: known.append(one) if isinstance(item, h5py.Dataset) else None)
        chosen = file[which(path, name if name is None else name.strip("/"), known)]
        if h5py.check_string_dtype(chosen.dtype) is not None:
            return np.array(chosen.asstr()[...], dtype=str)
        array: Array = chosen[...]
        return array
