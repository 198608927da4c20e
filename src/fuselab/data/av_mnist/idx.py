"""Read a gzip-packed idx file, the format of MNIST: a magic number, a size per dimension, then bytes."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from fuselab.data.av_mnist.place import REMEDY
from fuselab.data.paired import Array
from fuselab.errors import DataError

UNSIGNED_BYTES = 0x08


def unpacked(path: Path) -> bytes:
    """Return the content of a gzip file.

    Args:
        path: of the file

    Raises:
        DataError: it is not there, not gzip, or ends too early
    """
    try:
        with gzip.open(path) as file:
            return file.read()
    except FileNotFoundError as error:
        raise DataError(f"the file ({path}) must be there; {REMEDY}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"the file ({path}) must be whole gzip ({error}); {REMEDY}") from error


def parsed(content: bytes, *, path: Path, dimensions: int) -> Array:
    """Return the unsigned bytes of an idx file as an array.

    Args:
        content: of the file, unpacked
        path: of the file, for messages
        dimensions: how many it must have: 1 for labels, 3 for images

    Raises:
        DataError: another kind of file, or more or fewer values than it says

    Example:
        >>> parsed(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]), path=Path("labels.gz"), dimensions=1)
        array([7, 9], dtype=uint8)
    """
    magic = bytes([0, 0, UNSIGNED_BYTES, dimensions])
    start = 4 + 4 * dimensions
    if content[:4] != magic or len(content) < start:
        raise DataError(
            f"the file ({path}) must begin as an idx file of {dimensions} dimensions ({magic.hex()}), and begins with "
            f"{content[:4].hex() or 'nothing'}; {REMEDY}"
        )
    shape = np.frombuffer(content, ">u4", dimensions, 4).tolist()
    values = np.frombuffer(content, np.uint8, -1, start)
    if len(values) != math.prod(shape):
        raise DataError(
            f"the file ({path}) must hold {math.prod(shape):,} values ({' x '.join(map(str, shape))}, as it says), and "
            f"holds {len(values):,}; {REMEDY}"
        )
    return values.reshape(shape)
