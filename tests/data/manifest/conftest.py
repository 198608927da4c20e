"""A folder of the user's own: pictures, clips, texts, numbers, arrays, and a manifest of them."""

from __future__ import annotations

import csv
import io
import os
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fuselab.data.manifest.array import ArrayColumn
from fuselab.data.manifest.audio import AudioColumn
from fuselab.data.manifest.image import ImageColumn
from fuselab.data.manifest.source import Manifest
from fuselab.data.manifest.tabular import TabularColumns
from fuselab.data.manifest.target import ClassTarget
from fuselab.data.manifest.text import TextColumn
from fuselab.data.splits.random import Random

ROWS = 60
RATE = 8000
Row = dict[str, str]


def picture(row: int) -> bytes:
    pixels = np.full((24, 32, 3), row * 4, np.uint8)
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=95)
    return written.getvalue()


def clip(samples: np.ndarray, rate: int = RATE) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return written.getvalue()


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSELAB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    """Write the files, and return the rows of their manifest."""
    folder = tmp_path / "people"
    for kind in ("pictures", "clips", "motions"):
        (folder / kind).mkdir(parents=True)
    made = []
    for row in range(ROWS):
        (folder / "pictures" / f"{row}.jpg").write_bytes(picture(row))
        (folder / "clips" / f"{row}.wav").write_bytes(clip(np.full(RATE // 4 + row, 100 * row)))
        np.save(folder / "motions" / f"{row}.npy", np.full((row % 5 + 1, 3), row, np.float32))
        made.append(
            {
                "picture": f"pictures/{row}.jpg",
                "clip": f"clips/{row}.wav",
                "remark": f"remark number {row}",
                "age": str(20 + row),
                "sex": ("f", "m", "x")[row % 3],
                "motion": f"motions/{row}.npy",
                "label": ("no", "yes")[row % 2],
            }
        )
    return made


@pytest.fixture
def write(tmp_path: Path) -> Callable[[list[Row]], Path]:
    def write(rows: list[Row]) -> Path:
        file = tmp_path / "people" / "people.csv"
        with file.open("w", newline="", encoding="utf-8", errors="surrogateescape") as opened:
            writer = csv.DictWriter(opened, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return file

    return write


def source(file: Path, **changes: Any) -> Manifest:
    parts: dict[str, Any] = {
        "file": str(file),
        "modalities": {
            "image": ImageColumn(column="picture", channels=3, size=16),
            "audio": AudioColumn(column="clip", sample_rate=RATE, seconds=0.3),
            "text": TextColumn(column="remark"),
            "tabular": TabularColumns(numeric=["age"], categorical=["sex"], size=4),
            "motion": ArrayColumn(column="motion", size=3, steps=4),
        },
        "target": ClassTarget(column="label", classes=["no", "yes"]),
        "split": Random(shares={"train": 0.6, "val": 0.2, "test": 0.2}, seed=0, stratify=True),
        "columns": {"group": None, "time": None, "split": None},
        "on_error": "raise",
    }
    return Manifest(**(parts | changes))


FAULTS = {
    "truncated picture": ("picture", "image: isn't a whole image"),
    "wrong header": ("clip", "audio: isn't a clip that can be decoded"),
    "no sample": ("clip", "audio: is a clip without a sample"),
    "empty file": ("clip", "audio: names an empty file"),
    "not UTF-8": ("remark", "text: isn't UTF-8"),
    "no number": ("age", "tabular: isn't a number in 'age' ('old')"),
    "NaN": ("motion", "motion: holds numbers that are NaN or infinite"),
    "pickle": ("motion", "motion: isn't an array of numbers"),
    "other shape": ("motion", "motion: must be numbers of shape (T, F) with F = 3"),
    "unknown class": ("label", "target: has a class outside the list ('maybe')"),
    "outside": ("picture", "image: names a file outside the manifest's folder"),
    "not there": ("picture", "image: names a file that isn't there"),
}


@pytest.fixture
def broken(rows, tmp_path: Path) -> dict[str, int]:
    """Break a row in each way; return which."""
    folder = tmp_path / "people"
    at = {fault: 3 * place for place, fault in enumerate(FAULTS)}
    (folder / "pictures" / f"{at['truncated picture']}.jpg").write_bytes(picture(9)[:200])
    (folder / "clips" / f"{at['wrong header']}.wav").write_bytes(b"RIFX" + clip(np.ones(99))[4:])
    (folder / "clips" / f"{at['no sample']}.wav").write_bytes(clip(np.ones(0)))
    (folder / "clips" / f"{at['empty file']}.wav").write_bytes(b"")
    np.save(folder / "motions" / f"{at['NaN']}.npy", np.full((2, 3), np.nan, np.float32))
    np.save(folder / "motions" / f"{at['pickle']}.npy", np.array([{"a": 1}], object), allow_pickle=True)
    np.save(folder / "motions" / f"{at['other shape']}.npy", np.ones((2, 7), np.float32))
    rows[at["not UTF-8"]]["remark"] = os.fsdecode(b"caf\xe9")
    rows[at["no number"]]["age"] = "old"
    rows[at["unknown class"]]["label"] = "maybe"
    rows[at["outside"]]["picture"] = "../secret.jpg"
    (tmp_path / "secret.jpg").write_bytes(picture(1))
    rows[at["not there"]]["picture"] = "pictures/nowhere.jpg"
    return at
