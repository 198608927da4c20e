from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.streams.intervals import Intervals, Windows, intervals_of
from fuselab.errors import ConfigError

COLUMNS = {"recording": "r", "begin": "b", "end": "e"}


def intervals(*rows: tuple[str, float, float]) -> Intervals:
    names, begins, ends = zip(*rows, strict=True)
    return Intervals(
        recording=np.array(names), begin=np.array(begins, float), end=np.array(ends, float), row=np.arange(len(rows))
    )


def test_rows_become_intervals_and_the_others_are_told():
    cells = {
        "r": ["a", " a ", "", "b", None, "b", "b"],
        "b": ["0", 1.5, "2", "x", "1", "2", "2"],
        "e": ["1", "2.5", "3", "4", "2", "", "2"],
    }
    found, broken = intervals_of(cells, COLUMNS)
    assert (found.recording.tolist(), found.begin.tolist(), found.end.tolist()) == (["a", "a"], [0, 1.5], [1, 2.5])
    assert found.row.tolist() == [0, 1]
    assert broken == {
        2: "names no recording in 'r'",
        3: "has no seconds in 'b' ('x')",
        4: "names no recording in 'r'",
        5: "has no seconds in 'e' ('')",
        6: "ends (2 s) before it begins (2 s)",
    }


def test_the_samples_of_each_recording():
    found = intervals(("b", 0, 1), ("a", 0, 1), ("b", 2, 3), ("c", 0, 1), ("a", 5, 6)).by_recording()
    assert {name: rows.tolist() for name, rows in found.items()} == {"b": [0, 2], "a": [1, 4], "c": [3]}
    assert list(found) == ["b", "a", "c"]


def test_windows_take_the_interval_that_fills_most_of_them():
    words = intervals(("a", 0, 1.2), ("a", 1.2, 3), ("a", 6, 8), ("b", 5, 6.9))
    cut, left_out = Windows(length=1.0, stride=0.5, cover=0.6).cut(words)
    mine = [(begin, row) for name, begin, row in zip(cut.recording, cut.begin, cut.row, strict=True) if name == "a"]
    assert mine == [(0, 0), (0.5, 0), (1.0, 1), (1.5, 1), (2.0, 1), (6.0, 2), (6.5, 2), (7.0, 2)]
    assert left_out == 7  # from 2.5 s, which is filled by half, to 5.5 s
    assert cut.begin[cut.recording == "b"].tolist() == [5.0, 5.5]
    np.testing.assert_allclose(cut.end - cut.begin, 1.0)


def test_of_two_that_fill_as_much_the_earlier_one_counts():
    cut, _ = Windows(length=2.0, stride=2.0, cover=0.5).cut(intervals(("a", 1, 2), ("a", 0, 1)))
    assert cut.row.tolist() == [1]


def test_a_recording_shorter_than_a_window_has_none():
    cut, left_out = Windows(length=2.0, stride=1.0, cover=0.5).cut(intervals(("a", 0, 1.9), ("b", 0, 2)))
    assert (cut.recording.tolist(), left_out) == (["b"], 0)
    assert len(Windows(length=9.0, stride=1.0, cover=0.5).cut(intervals(("a", 0, 1)))[0]) == 0


def test_strides_add_no_rounding():
    cut, _ = Windows(length=0.1, stride=0.1, cover=0.5).cut(intervals(("a", 0, 100)))
    assert len(cut) == 1000
    np.testing.assert_allclose(cut.begin, np.arange(1000) / 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"length": 0}, r"data\.source\.windows\.length \(0\) must be above 0; set seconds"),
        ({"stride": -1}, r"data\.source\.windows\.stride \(-1\) must be above 0; set seconds"),
        ({"cover": 0}, r"data\.source\.windows\.cover \(0\) must be above 0 and at most 1; change it"),
    ],
)
def test_windows_that_cant_be(change, message):
    with pytest.raises(ConfigError, match=message):
        Windows(**({"length": 1.0, "stride": 1.0, "cover": 0.5} | change))
