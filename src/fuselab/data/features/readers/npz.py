"""NumPy's archive of named arrays."""

from __future__ import annotations

import zipfile
from pathlib import Path

from fuselab.data.features.readers.names import which
from fuselab.data.features.readers.npy import loaded
from fuselab.data.paired import Array


def read_npz(path: Path, name: str | None) -> Array:
    """Return one array of a ``.npz`` file; the others are not read.

    Args:
        path: of the file
        name: of the array, None where there is one only

    Raises:
        DataError: no such array, or Python objects
    """
    with zipfile.ZipFile(path) as archive:
        known = [one.removesuffix(".npy") for one in archive.namelist()]
        chosen = which(path, name, known)
        with archive.open(f"{chosen}.npy") as file:
            return loaded(file, path, chosen)
