from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fuselab.data.av_mnist.originals import Originals, read_originals
from fuselab.errors import DataError

from .conftest import IDX, SPEAKERS, TEST, TRAIN, write_idx


def read(folder: Path, checksums: dict[str, str], **changes: Any) -> Originals:
    given = {"checksums": checksums, "image_size": 28, "speakers": SPEAKERS, "sample_rate": 8000} | changes
    return read_originals(folder, **given)


def test_all_files_are_read(shared):
    originals = read(*shared)
    assert {part: images.shape for part, images in originals.images.items()} == {
        "train": (TRAIN, 28, 28),
        "test": (TEST, 28, 28),
    }
    assert [np.bincount(originals.labels[part]).tolist() for part in ("train", "test")] == [[40] * 10, [10] * 10]
    assert len(originals.recordings.waves) == 480


@pytest.mark.parametrize("name", [*IDX, "recordings"])
def test_what_is_not_the_publishers_is_refused_with_both_checksums(shared, name: str):
    folder, checksums = shared
    with pytest.raises(
        DataError,
        match=rf"the content of .* \(SHA-256 {checksums[name]}\) must be the publisher's \({'0' * 64}\); .*; "
        rf"if it is meant to differ, set data.source.checksums.{name}={checksums[name]}",
    ):
        read(folder, checksums | {name: "0" * 64})


def test_a_label_must_go_with_each_image(shared, folder: Path):
    other = write_idx(folder / IDX["test_labels"], np.zeros(TEST - 1))
    with pytest.raises(DataError, match=r"t10k-labels.* must have a label for each of the 100 images, and has 99; del"):
        read(folder, shared[1] | {"test_labels": other})


def test_labels_must_be_digits(shared, folder: Path):
    other = write_idx(folder / IDX["train_labels"], np.full(TRAIN, 10))
    with pytest.raises(DataError, match=r"the labels in .*train-labels.* \(10\) must be digits from 0 to 9; delete it"):
        read(folder, shared[1] | {"train_labels": other})


def test_images_must_have_the_size_of_the_config(shared):
    with pytest.raises(
        DataError, match=r"the images in .* \(28 x 28\) must be of data.image.size \(32\); set data.image.size=28"
    ):
        read(*shared, image_size=32)


def test_a_truncated_file_is_named_before_its_checksum(shared, folder: Path):
    path = folder / IDX["train_images"]
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match=rf"the file \({path}\) must be whole gzip \(Compressed file ended before"):
        read(folder, shared[1])
