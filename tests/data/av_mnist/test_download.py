from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from fuselab.data.av_mnist.download import download
from fuselab.data.av_mnist.originals import read_originals
from fuselab.errors import DataError

from .conftest import IDX, RECORDINGS, SPEAKERS


@pytest.fixture
def publishers(shared, tmp_path: Path) -> dict[str, Any]:
    """The addresses of a mirror on disk, and what it takes to fetch from it."""
    folder, checksums = shared
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    for place in IDX.values():
        content = gzip.decompress((folder / place).read_bytes())
        (mirror / Path(place).name).write_bytes(gzip.compress(content, 1))
    with tarfile.open(mirror / "clips.tar.gz", "w:gz") as archive:
        archive.add(folder / RECORDINGS, "free-spoken-digit-dataset-1.0.10/recordings")
        for name in ("../../recordings/../evil.wav", "other/1_theo_0.wav", "x/recordings/readme.md"):
            member = tarfile.TarInfo(name)
            member.size = 4
            archive.addfile(member, io.BytesIO(b"evil"))
        link = tarfile.TarInfo("x/recordings/9_theo_9.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return {
        "checksums": checksums,
        "mnist": f"{mirror.as_uri()}/",
        "recordings": (mirror / "clips.tar.gz").as_uri(),
        "clips": 480,
    }


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_all_that_lacks_is_fetched_and_nothing_else(shared, publishers, tmp_path: Path):
    told: list[str] = []
    download(tmp_path / "data", **publishers, told=told.append)
    assert files(tmp_path / "data") == files(shared[0])
    assert len(told) == 5
    read_originals(tmp_path / "data", checksums=shared[1], image_size=28, speakers=SPEAKERS, sample_rate=8000)
    download(tmp_path / "data", **publishers, told=told.append)
    assert len(told) == 5, "what is there is not fetched again"


def test_what_is_there_is_left_alone_and_the_rest_is_fetched(publishers, folder: Path):
    (folder / RECORDINGS / "3_theo_2.wav").unlink()
    (folder / IDX["test_labels"]).unlink()
    (folder / RECORDINGS / "0_theo_0.wav").write_bytes(b"mine")
    told: list[str] = []
    download(folder, **publishers, told=told.append)
    assert [address.rpartition("/")[2] for address in told] == ["t10k-labels-idx1-ubyte.gz", "clips.tar.gz"]
    assert (folder / RECORDINGS / "3_theo_2.wav").exists()
    assert (folder / RECORDINGS / "0_theo_0.wav").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"mnist": "file:///nowhere/"},
            r"the address \(file:///nowhere/train-images-idx3-ubyte.gz\) must be reachable \(.+\); "
            r"fetch it elsewhere and place it as .*data/mnist/train-images-idx3-ubyte.gz",
        ),
        ({"mnist": "nowhere/"}, r"the address \(nowhere/train-.*\) must be reachable \(unknown url type.*\); fetch it"),
        ({"recordings": "file:///nowhere"}, r"must be reachable .* place it as .*data/free-spoken-digit-dataset/reco"),
    ],
)
def test_an_address_that_cannot_be_read_says_what_to_place_where(publishers, tmp_path: Path, changes, message: str):
    with pytest.raises(DataError, match=message):
        download(tmp_path / "data", **publishers | changes, told=lambda _: None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>", r"train-images-idx3-ubyte.gz\) must be whole gzip \(.+\); try again"),
        (
            gzip.compress(b"other", mtime=0),  # the name of the test holds it, and must be the same in every process
            r"\(SHA-256 d9298a10.*\) must be the publisher's \([0-9a-f]{64}\); fetch it elsewhere",
        ),
    ],
)
def test_what_comes_is_checked_before_it_is_kept(publishers, tmp_path: Path, content: bytes, message: str):
    (tmp_path / "mirror" / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(DataError, match=message):
        download(tmp_path / "data", **publishers, told=lambda _: None)
    assert not (tmp_path / "data").exists()


def test_an_archive_that_is_broken_or_of_something_else_says_so(publishers, tmp_path: Path):
    archive = tmp_path / "mirror" / "clips.tar.gz"
    archive.write_bytes(archive.read_bytes()[:2000])
    with pytest.raises(DataError, match=r"the archive \(.*clips.tar.gz\) must be whole \(.+\); try again"):
        download(tmp_path / "data", **publishers, told=lambda _: None)
    with tarfile.open(archive, "w:gz") as empty:
        empty.addfile(tarfile.TarInfo("free-spoken-digit-dataset/README.md"))
    with pytest.raises(DataError, match=r"must hold clips in a folder recordings; fetch another release"):
        download(tmp_path / "data", **publishers, told=lambda _: None)


def test_a_folder_that_cannot_be_written_says_so(publishers, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"the folder \(.*file/data\) must be writable and have room; give another one"):
        download(tmp_path / "file" / "data", **publishers, told=lambda _: None)
