"""Recordings of which every stream says what time it is: values tell where they were cut."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from fuselab.data.manifest.target import ClassTarget
from fuselab.data.manifest.text import TextColumn
from fuselab.data.splits.grouped import Grouped
from fuselab.data.streams.audio import AudioStream
from fuselab.data.streams.numbers import NumberStream
from fuselab.data.streams.source import Streams

RECORDINGS = 8
WORDS = 10  # of each
SECONDS = 13.0  # of each
RATE, SAMPLE_RATE = 20, 2000
LATE = [0.5 if number % 2 else -0.25 for number in range(RECORDINGS)]  # clock of the gaze
Row = dict[str, str]


def begin_of(word: int) -> float:
    return 0.5 + 1.2 * word


def end_of(word: int) -> float:
    return begin_of(word) + 0.4 + 0.1 * (word % 5)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSELAB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    """Write the streams; return the rows of the table of their words."""
    for kind in ("gaze", "sound"):
        (tmp_path / "talks" / kind).mkdir(parents=True)
    made = []
    for number in range(RECORDINGS):
        times = np.arange(-2, SECONDS + 2, 1 / RATE)  # true ones, which are the values
        write_gaze(tmp_path, number, [f"{time + LATE[number]:.4f},{time:.4f},{number}" for time in times])
        wave = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE / 20
        soundfile.write(tmp_path / "talks" / "sound" / f"t{number}.wav", wave, SAMPLE_RATE)
        made += [
            {
                "talk": f"t{number}",
                "from": f"{begin_of(word):g}",
                "to": f"{end_of(word):g}",
                "text": f"word {word} of {number}",
                "stance": ("no", "yes")[word % 2],
                "late": f"{-LATE[number]:g}",
                "part": ("train", "dev", "test")[min(number // 3, 2)],
            }
            for word in range(WORDS)
        ]
    return made


def write_gaze(folder: Path, number: int, lines: list[str]) -> None:
    (folder / "talks" / "gaze" / f"t{number}.csv").write_text("\n".join(["seconds,x,who", *lines]))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[list[Row]], Path]:
    def write(rows: list[Row]) -> Path:
        with (tmp_path / "talks" / "words.csv").open("w", newline="") as opened:
            writer = csv.DictWriter(opened, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return tmp_path / "talks"

    return write


def gaze(**change: Any) -> NumberStream:
    settings: dict[str, Any] = {
        "file": "gaze/{recording}.csv",
        "array": None,
        "columns": ["x", "who"],
        "times": "seconds",
        "rate": None,
        "start": 0.0,
        "offset": 0.0,
        "offset_column": "late",
        "size": 2,
        "resample": None,
        "interpolate": "linear",
        "max_gap": 0.5,
        "pool": "mean",
        "parts": 1,
        "steps": None,
    }
    return NumberStream(**(settings | change))


def sound(**change: Any) -> AudioStream:
    settings = {"offset": 0.0, "offset_column": None, "sample_rate": SAMPLE_RATE, "seconds": 0.7}
    return AudioStream(**({"file": "sound/{recording}.wav"} | settings | change))


def source(folder: Path, **change: Any) -> Streams:
    parts: dict[str, Any] = {
        "name": "talks",
        "folder": str(folder),
        "intervals": {"file": "words.csv", "recording": "talk", "begin": "from", "end": "to"},
        "windows": None,
        "modalities": {"gaze": gaze(), "sound": sound(), "text": TextColumn(column="text")},
        "target": ClassTarget(column="stance", classes=["no", "yes"]),
        "split": Grouped(shares={"train": 0.5, "val": 0.25, "test": 0.25}, seed=0),
        "columns": {"group": None, "time": None, "split": None},
        "on_error": "raise",
        "standardise": False,
    }
    return Streams(**(parts | change))
