from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from fuselab.data.av_mnist.idx import parsed, unpacked
from fuselab.errors import DataError

HEADER = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3])
PATH = Path("x.gz")


def test_bytes_are_rows_of_images_in_their_order():
    images = parsed(HEADER + bytes(range(12)), path=PATH, dimensions=3)
    np.testing.assert_array_equal(images, [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]])
    assert images.dtype == np.uint8


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"the file \(x.gz\) must begin as an idx file of 3 dimensions \(00000803\), and begins with nothing"),
        (b"RIFF" + bytes(20), r"and begins with 52494646"),
        (bytes([0, 0, 8, 1]) + bytes(20), r"and begins with 00000801"),
        (bytes([0, 0, 13, 3]) + bytes(20), r"and begins with 00000d03"),
        (HEADER[:10], r"and begins with 00000803"),
        (HEADER + bytes(11), r"the file \(x.gz\) must hold 12 values \(2 x 2 x 3, as it says\), and holds 11; delete"),
        (HEADER + bytes(13), r"and holds 13; delete it if it is there and run python scripts/prepare_av_mnist.py"),
    ],
)
def test_what_is_no_such_file_is_told_with_its_remedy(content: bytes, message: str):
    with pytest.raises(DataError, match=message):
        parsed(content, path=PATH, dimensions=3)


def test_gzip_is_unpacked(tmp_path: Path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"abc"))
    assert unpacked(tmp_path / "x.gz") == b"abc"


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(DataError, match=r"the file \(.*x.gz\) must be there; .*set data.folder to where the files are"):
        unpacked(tmp_path / "x.gz")


@pytest.mark.parametrize("where", ["end", "checksum", "middle", "kind"])
def test_broken_gzip_is_named(tmp_path: Path, where: str):
    packed = bytearray(gzip.compress(np.random.default_rng(0).bytes(5000)))
    if where == "end":
        packed = packed[:-100]
    elif where == "checksum":
        packed[-8] ^= 1
    elif where == "middle":
        packed[10:40] = bytes([255] * 30)
    else:
        packed = bytearray(b"<html>not found</html>")
    (tmp_path / "x.gz").write_bytes(packed)
    with pytest.raises(DataError, match=r"the file \(.*x.gz\) must be whole gzip \(.+\); delete it"):
        unpacked(tmp_path / "x.gz")
