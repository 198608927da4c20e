"""The publishers' files, read, checked against one another and against their checksums."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fuselab.data.av_mnist.idx import parsed, unpacked
from fuselab.data.av_mnist.place import MNIST, RECORDINGS, REMEDY
from fuselab.data.av_mnist.recordings import DIGITS, Recordings, read_recordings
from fuselab.data.paired import Array
from fuselab.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Originals:
    """MNIST and FSDD as their publishers give them.

    Args:
        images: of the publisher's ``train`` and ``test``, each (I, H, W) uint8
        labels: the same, each (I,)
        recordings: the spoken digits
    """

    images: Mapping[str, Array]
    labels: Mapping[str, Array]
    recordings: Recordings


def read_originals(
    folder: Path, *, checksums: Mapping[str, str], image_size: int, speakers: Sequence[str], sample_rate: int
) -> Originals:
    """Read all files below a folder.

    Args:
        folder: that holds ``mnist`` and ``free-spoken-digit-dataset``
        checksums: SHA-256 of the unpacked idx files and of the recordings
        image_size: height and width that the images must have
        speakers: whose recordings must be there
        sample_rate: that the recordings must have

    Raises:
        DataError: a file that is missing, broken, or not the publisher's
    """
    images, labels = {}, {}
    for part in ("train", "test"):
        images[part] = read_images(folder, f"{part}_images", checksums=checksums, size=image_size)
        labels[part] = read_labels(folder, f"{part}_labels", checksums=checksums)
        if len(images[part]) != len(labels[part]):
            path = folder / MNIST[f"{part}_labels"]
            raise DataError(
                f"the file ({path}) must have a label for each of the {len(images[part]):,} images, and has "
                f"{len(labels[part]):,}; {REMEDY}"
            )
    place = folder / RECORDINGS
    recordings = read_recordings(place, speakers=speakers, sample_rate=sample_rate)
    _check_sum(place, "recordings", recordings.checksum, checksums)
    return Originals(images=images, labels=labels, recordings=recordings)


def read_images(folder: Path, name: str, *, checksums: Mapping[str, str], size: int) -> Array:
    """Read one file of images.

    Args:
        folder: as for :func:`read_originals`
        name: ``train_images`` or ``test_images``
        checksums: SHA-256 by name
        size: height and width that the images must have

    Raises:
        DataError: see :func:`read_originals`
    """
    path = folder / MNIST[name]
    content = unpacked(path)
    images = parsed(content, path=path, dimensions=3)
    if images.shape[1:] != (size, size):
        raise DataError(
            f"the images in {path} ({images.shape[1]} x {images.shape[2]}) must be of data.image.size ({size}); "
            f"set data.image.size={images.shape[1]}, or {REMEDY}"
        )
    _check_sum(path, name, hashlib.sha256(content).hexdigest(), checksums)
    return images


def read_labels(folder: Path, name: str, *, checksums: Mapping[str, str]) -> Array:
    """Read one file of labels.

    Args:
        folder: as for :func:`read_originals`
        name: ``train_labels`` or ``test_labels``
        checksums: SHA-256 by name

    Raises:
        DataError: see :func:`read_originals`
    """
    path = folder / MNIST[name]
    content = unpacked(path)
    labels = parsed(content, path=path, dimensions=1)
    if labels.max(initial=0) >= DIGITS:
        raise DataError(f"the labels in {path} ({labels.max()}) must be digits from 0 to 9; {REMEDY}")
    _check_sum(path, name, hashlib.sha256(content).hexdigest(), checksums)
    return labels


def _check_sum(path: Path, name: str, found: str, checksums: Mapping[str, str]) -> None:
    if found != checksums[name]:
        raise DataError(
            f"the content of {path} (SHA-256 {found}) must be the publisher's ({checksums[name]}); {REMEDY}; "
            f"if it is meant to differ, set data.source.checksums.{name}={found}"
        )
