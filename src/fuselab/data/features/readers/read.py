"""Read one array from a file, by the file's ending; nothing is ever unpickled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fuselab.data.features.readers.hdf5 import read_hdf5
from fuselab.data.features.readers.npy import read_npy
from fuselab.data.features.readers.npz import read_npz
from fuselab.data.features.readers.safetensors import read_safetensors
from fuselab.data.paired import Array
from fuselab.errors import DataError, FuselabError

READERS: dict[str, Callable[[Path, str | None], Array]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
    ".safetensors": read_safetensors,
}
CONVERT = {
    ".pkl": "a pickle can run any code: load it where you trust it, and store it with numpy.savez(file, name=array)",
    ".mat": "store it again: numpy.savez(file, **{name: array}) of what scipy.io.loadmat gives",
    ".csv": "choose data=manifest for tables, or store it again: numpy.save(file, numpy.loadtxt(csv, delimiter=','))",
    ".pt": "store it again: safetensors.torch.save_file({'name': tensor}, file)",
}
SAME = {".pickle": ".pkl", ".pth": ".pt", ".bin": ".pt", ".tsv": ".csv", ".txt": ".csv"}


def read_array(path: Path, name: str | None) -> Array:
    """Return an array of numbers or of text.

    Args:
        path: of the file
        name: of the array in it; None where the file holds one only

    Raises:
        DataError: no such file or array, one that is damaged, of another kind, or that only pickle could read

    Example:
        >>> import tempfile, numpy as np
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "a.npz"
        ...     np.savez(file, text=np.arange(3))
        ...     read_array(file, "text")
        array([0, 1, 2])
    """
    ending = path.suffix.lower()
    if ending not in READERS:
        remedy = CONVERT.get(SAME.get(ending, ending), "store it as one of these")
        raise DataError(f"the file ({path}) must end in {', '.join(READERS)}; {remedy}")
    if not path.is_file():
        raise DataError(f"the file ({path}) must exist; set data.folder, or FUSELAB_DATA, to the folder that holds it")
    try:
        array = READERS[ending](path, name)
    except FuselabError:
        raise
    except Exception as error:  # each library has its own words for a damaged file, down to KeyError and RuntimeError
        raise DataError(f"the file ({path}) must be whole; copy or make it again ({error})") from error
    if array.dtype.kind not in "fiubU":
        raise DataError(
            f"the array ({name or path.name} in {path}, {array.dtype}) must hold numbers or text; store ragged rows as "
            "flat values and their lengths: numpy.savez(file, values=numpy.concatenate(rows), "
            "lengths=[len(row) for row in rows])"
        )
    return array
