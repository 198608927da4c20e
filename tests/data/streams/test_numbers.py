from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from fuselab.data.streams.numbers import NumberStream
from fuselab.data.streams.signal import StreamError
from fuselab.errors import ConfigError, DataError

TIMES = np.arange(40) / 10
VALUES = np.stack([np.arange(40.0), -np.arange(40.0)], 1)


def stream(**change: Any) -> NumberStream:
    settings: dict[str, Any] = {
        "file": "{recording}.npy",
        "array": None,
        "columns": None,
        "times": None,
        "rate": 10.0,
        "start": 0.0,
        "offset": 0.0,
        "offset_column": None,
        "size": 2,
        "resample": None,
        "interpolate": "linear",
        "max_gap": 1.0,
        "pool": "mean",
        "parts": 1,
        "steps": None,
    }
    return NumberStream(**(settings | change))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    np.save(tmp_path / "a.npy", VALUES)
    return tmp_path / "a.npy"


def cut(file: Path, begin: float, end: float, **change: Any) -> tuple[list[Any], list[bool]]:
    one = stream(**change)
    values, real = one.cut(one.open(file), begin, end)
    assert values.shape[values.ndim - len(one.shape) + 1 :] == one.shape[1:]
    return np.round(values, 6).tolist(), real.tolist()


def test_pooled_to_one_vector_or_to_one_for_each_part(file):
    assert cut(file, 1.0, 2.0) == ([14.5, -14.5], True)
    assert cut(file, 1.0, 2.0, pool="last") == ([19, -19], True)
    assert cut(file, 1.0, 2.0, parts=2) == ([[12, -12], [17, -17]], [True, True])
    assert cut(file, 3.5, 4.5, parts=2) == ([[37, -37], [0, 0]], [True, False])
    assert cut(file, 5.0, 6.0) == ([0, 0], False)


def test_steps_are_kept_and_the_end_of_long_ones_lost(file):
    assert cut(file, 1.0, 1.3, pool=None, steps=5) == ([[10, -10], [11, -11], [12, -12]], [True] * 3)
    assert cut(file, 1.0, 3.0, pool=None, steps=2) == ([[10, -10], [11, -11]], [True] * 2)
    assert cut(file, 5.0, 6.0, pool=None, steps=2) == ([], [])


def test_resampled_from_the_begin_of_the_interval(file):
    values, real = cut(file, 1.05, 1.55, pool=None, steps=4, resample=4.0)
    assert (values, real) == ([[10.5, -10.5], [13, -13]], [True, True])
    assert cut(file, 1.05, 1.55, resample=4.0) == ([11.75, -11.75], True)
    values, real = cut(file, 3.7, 4.2, pool=None, steps=9, resample=10.0)
    assert real == [True, True, True, False, False]
    assert cut(file, 1.04, 1.14, pool=None, steps=1, resample=10.0, interpolate="nearest")[0] == [[10, -10]]


def test_a_gap_has_no_steps_and_a_short_one_is_bridged(tmp_path):
    holes = VALUES.copy()
    holes[12:15, 0] = np.nan
    np.save(tmp_path / "a.npy", holes)
    assert cut(tmp_path / "a.npy", 1.0, 2.0, pool=None, steps=10, resample=10.0)[1] == [True] * 10
    values, real = cut(tmp_path / "a.npy", 1.0, 2.0, pool=None, steps=10, resample=10.0, max_gap=0.3)
    assert real == [True, True, False, False, False, True, True, True, True, True]
    assert values[2] == [0, 0]
    assert cut(tmp_path / "a.npy", 1.0, 2.0, pool="max")[0] == [19, -10]
    one = stream(max_gap=0.3)
    troubles = one.told(one.open(tmp_path / "a.npy"), "a")
    assert troubles.unusable == (("a", 3),)
    ((recording, begin, length),) = troubles.gaps
    assert (recording, round(begin, 6), round(length, 6)) == ("a", 1.1, 0.4)


def test_the_same_from_every_kind_of_file(tmp_path):
    np.savez(tmp_path / "a.npz", x=VALUES, t=TIMES)
    save_file({"x": VALUES, "t": TIMES}, tmp_path / "a.safetensors")
    table = pd.DataFrame({"t": TIMES, "left": VALUES[:, 0], "right": VALUES[:, 1], "note": "-"})
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    table.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in table.to_dict("records")))
    for kind in ("npz", "safetensors"):
        assert cut(tmp_path / f"a.{kind}", 1.0, 2.0, array="x", times="t", rate=None) == ([14.5, -14.5], True)
    for kind in ("csv", "tsv", "parquet", "jsonl"):
        timed = {"columns": ["left", "right"], "times": "t", "rate": None}
        assert cut(tmp_path / f"a.{kind}", 1.0, 2.0, **timed) == ([14.5, -14.5], True)
        assert cut(tmp_path / f"a.{kind}", 2.0, 3.0, columns=["left", "right"], start=1.0) == ([14.5, -14.5], True)


def test_an_empty_cell_is_a_sample_that_is_not_there(tmp_path):
    (tmp_path / "a.csv").write_text("t,x\n0,1\n1,\n2,n/a\n3,4\n")
    one = stream(columns=["x"], times="t", rate=None, size=1)
    opened = one.open(tmp_path / "a.csv")
    assert (opened.times.tolist(), opened.unusable) == ([0, 3], 2)


@pytest.mark.parametrize(
    ("name", "text", "change", "message"),
    [
        ("a.csv", "t,x\n0,1\n", {"columns": ["y"]}, r"must have the column 'y'; choose one of: t, x"),
        ("a.csv", "t,x\n0,1\n", {}, r"is a table: name the columns of its numbers in `columns`"),
        ("a.csv", "t,x\n0,1\n", {"columns": ["x"]}, r"must have 2 numbers a sample, and has 1; set its size"),
        ("a.csv", "t,x\n0,1\n,2\n", {"columns": ["x"], "times": "t", "rate": None, "size": 1}, r"doesn't in row 1"),
        (
            "a.csv",
            "t,x\n1,1\n0,2\n",
            {"columns": ["x"], "times": "t", "rate": None, "size": 1},
            r"row 1 \(0 s\) follows",
        ),
        ("a.parquet", "PAR1", {"columns": ["x"]}, r"isn't a whole table"),
    ],
)
def test_files_that_cant_be(tmp_path, name, text, change, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(StreamError, match=message):
        stream(**change).open(tmp_path / name)


def test_arrays_that_cant_be(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((3, 2, 2)))
    with pytest.raises(
        StreamError, match=r"must hold numbers of shape \(samples, numbers\), and has float64 \(3, 2, 2\)"
    ):
        stream().open(tmp_path / "a.npy")
    (tmp_path / "a.npy").write_bytes(b"no array")
    with pytest.raises(DataError, match=r"the file \(.*a\.npy\) must be whole"):
        stream().open(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"file": "gaze.csv"},
            r"the file \(gaze\.csv\) of a stream must hold \{recording\}.*write gaze/\{recording\}\.csv",
        ),
        ({"times": "t"}, r"times \(t\) and rate \(10\.0\) .* must not both be given or left out; give one"),
        ({"rate": None}, r"times \(None\) and rate \(None\) .* must not both be given or left out"),
        ({"rate": 0}, r"rate \(0\) of the stream \{recording\}\.npy must be above 0; raise it"),
        ({"max_gap": -1}, r"max_gap \(-1\) .* must be above 0"),
        ({"pool": "median"}, r"pool \(median\) .* must be one of mean, max, last, or null; choose one"),
        ({"interpolate": "cubic"}, r"interpolate \(cubic\) .* must be one of linear, nearest; choose one"),
        ({"parts": 0}, r"parts \(0\) .* must be 1 or more, and 1 where steps are kept"),
        ({"pool": None, "parts": 2, "steps": 4}, r"parts \(2\) .* must be 1 or more, and 1 where steps are kept"),
        ({"pool": None}, r"steps \(None\) .* must be the longest sequence where pool is null, and null .*; set it"),
        ({"steps": 4}, r"steps \(4\) .* must be the longest sequence .*; set pool=null, or leave it out"),
    ],
)
def test_settings_that_cant_be(change, message):
    with pytest.raises(ConfigError, match=message):
        stream(**change)
