"""Fetch the publishers' files, whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import urllib.error
import urllib.request
import uuid
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from fuselab.data.av_mnist.place import MNIST, RECORDINGS
from fuselab.data.av_mnist.recordings import NAME
from fuselab.errors import DataError

TIMEOUT = 60  # seconds without a byte


def download(
    folder: Path,
    *,
    checksums: Mapping[str, str],
    mnist: str,
    recordings: str,
    clips: int,
    told: Callable[[str], None],
) -> None:
    """Fetch what a folder lacks; what is there already is left alone.

    Args:
        folder: to hold ``mnist`` and ``free-spoken-digit-dataset``
        checksums: SHA-256 of the unpacked idx files; that of the clips is checked when all are read
        mnist: address of the folder with the idx files
        recordings: address of the archive with the clips
        clips: how many it has
        told: is told each address that is read

    Raises:
        DataError: an address that can't be read or gives something else, or a folder that can't be written
    """
    try:
        for name, place in MNIST.items():
            path, address = folder / place, mnist + PurePosixPath(place).name
            if not path.exists():
                content = _fetch(address, path, told)
                _check(content, address, checksums[name])
                _write(path, content)
        there = {path.name for path in (folder / RECORDINGS).glob("*.wav")}
        if len(there) < clips:
            for name, clip in _clips(_fetch(recordings, folder / RECORDINGS, told), recordings).items():
                if name not in there:
                    _write(folder / RECORDINGS / name, clip)
    except OSError as error:
        raise DataError(f"the folder ({folder}) must be writable and have room; give another one ({error})") from error


def _fetch(address: str, place: Path, told: Callable[[str], None]) -> bytes:
    told(address)
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:
            content: bytes = answer.read()
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise DataError(
            f"the address ({address}) must be reachable ({error}); fetch it elsewhere and place it as {place}"
        ) from error
    return content


def _check(content: bytes, address: str, expected: str) -> None:
    """Compare what is packed: mirrors pack it anew."""
    try:
        found = hashlib.sha256(gzip.decompress(content)).hexdigest()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"the file ({address}) must be whole gzip ({error}); try again") from error
    if found != expected:
        raise DataError(
            f"the content of {address} (SHA-256 {found}) must be the publisher's ({expected}); fetch it elsewhere"
        )


def _clips(content: bytes, address: str) -> dict[str, bytes]:
    """Return the wav files of an archive by name; its paths are never written to."""
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive:
                path = PurePosixPath(member.name)
                file = archive.extractfile(member) if member.isfile() else None
                if file and path.parent.name == PurePosixPath(RECORDINGS).name and NAME.fullmatch(path.name):
                    found[path.name] = file.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"the archive ({address}) must be whole ({error}); try again") from error
    if not found:
        raise DataError(f"the archive ({address}) must hold clips in a folder recordings; fetch another release")
    return found


def _write(path: Path, content: bytes) -> None:
    """Write a temporary file and rename it: a file of that name is a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(content)
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
