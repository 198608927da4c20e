"""Small files in the publishers' formats: patterns for images, tones for words."""

from __future__ import annotations

import gzip
import hashlib
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Settings = dict[str, Any]
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
INDICES = 8
TRAIN, TEST = 400, 100
IDX = {
    "train_images": "mnist/train-images-idx3-ubyte.gz",
    "train_labels": "mnist/train-labels-idx1-ubyte.gz",
    "test_images": "mnist/t10k-images-idx3-ubyte.gz",
    "test_labels": "mnist/t10k-labels-idx1-ubyte.gz",
}
RECORDINGS = "free-spoken-digit-dataset/recordings"


def write_idx(path: Path, values: np.ndarray) -> str:
    """Write a gzip-packed idx file, and return the SHA-256 of what is in it."""
    header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(header + values.astype(np.uint8).tobytes(), mtime=0))
    return hashlib.sha256(header + values.astype(np.uint8).tobytes()).hexdigest()


def write_clip(path: Path, samples: np.ndarray, *, rate: int = 8000, channels: int = 1, width: int = 2) -> None:
    with wave.open(str(path), "wb") as file:
        file.setframerate(rate)
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.writeframes(samples.tobytes())


def write_originals(folder: Path) -> dict[str, str]:
    """Write stand-ins for all files of the publishers', and return their checksums."""
    draw = np.random.default_rng(0)
    shapes = draw.integers(0, 256, (10, 28, 28))
    checksums = {}
    for part, count in (("train", TRAIN), ("test", TEST)):
        labels = draw.permutation(np.arange(count) % 10)
        images = np.clip(shapes[labels] + draw.normal(0, 40, (count, 28, 28)), 0, 255).astype(np.uint8)
        checksums[f"{part}_images"] = write_idx(folder / IDX[f"{part}_images"], images)
        checksums[f"{part}_labels"] = write_idx(folder / IDX[f"{part}_labels"], labels)
    (folder / RECORDINGS).mkdir(parents=True)
    clips = {}
    for digit in range(10):
        for number, speaker in enumerate(SPEAKERS):
            for index in range(INDICES):
                time = np.arange(draw.integers(500, 2500)) / 8000
                pitch = 200 * (1 + digit) * (1 + number / 50)
                tone = (9000 * np.sin(2 * np.pi * pitch * time) + draw.normal(0, 50, len(time))).astype("<i2")
                clips[f"{digit}_{speaker}_{index}.wav"] = tone
    digest = hashlib.sha256()
    for name in sorted(clips):
        write_clip(folder / RECORDINGS / name, clips[name])
        digest.update(f"{name}|{len(clips[name])}|".encode() + clips[name].tobytes())
    return checksums | {"recordings": digest.hexdigest()}


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder of stand-ins that no test changes, and their checksums."""
    folder = tmp_path_factory.mktemp("publishers")
    return folder, write_originals(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of stand-ins of one's own, to break."""
    write_originals(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture(scope="session")
def settings(shared: tuple[Path, dict[str, str]]) -> Callable[..., Settings]:
    """A recipe for the stand-ins; keywords change it."""

    def make(**changes: Any) -> Settings:
        return {
            "seed": 0,
            "sizes": {"train": 200, "val": 25, "test": 90},
            "val_share": 0.1,
            "slices": list(SPEAKERS),
            "speakers": None,
            "energy": 0.25,
            "snr_db": [-5, 5],
            "image_size": 28,
            "sample_rate": 8000,
            "seconds": 0.25,
            "missing": {"image": 0.0, "audio": 0.0},
            "checksums": shared[1],
        } | changes

    return make


@pytest.fixture(scope="session")
def by_speaker() -> dict[str, list[str]]:
    return {"train": ["george", "jackson", "nicolas"], "val": ["lucas"], "test": ["theo", "yweweler"]}
