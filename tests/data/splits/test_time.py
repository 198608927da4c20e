from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.splits.time import Time
from fuselab.errors import DataError

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}


@pytest.mark.parametrize("kind", ["float64", "datetime64[D]", "U10"])
def test_the_past_trains_and_equal_times_stay_together(rows, covers, kind):
    day = np.random.default_rng(0).integers(0, 100, 1000)
    time = (np.datetime64("2024-01-01") + day).astype(kind) if kind != "float64" else day.astype(kind)
    split = Time(shares=SHARES).split(rows(1000, time=time))
    covers(split, 1000)
    assert day[split["train"]].max() < day[split["val"]].min()
    assert day[split["val"]].max() < day[split["test"]].min()
    longest = int(np.bincount(day).max())
    assert [len(numbers) for numbers in split.values()] == pytest.approx([700, 100, 200], abs=longest)


def test_cuts_fall_where_they_are_nearest_to_their_shares(rows):
    split = Time(shares=SHARES).split(rows(10, time=[1, 1, 1, 1, 1, 2, 2, 3, 4, 4]))
    assert [len(numbers) for numbers in split.values()] == [7, 1, 2]


def test_every_split_gets_a_time_where_one_takes_all(rows):
    split = Time(shares=SHARES).split(rows(12, time=[1, 2] + [3] * 10))
    assert {name: numbers.tolist()[:2] for name, numbers in split.items()} == {"train": [0], "val": [1], "test": [2, 3]}


def test_two_times_are_too_few(rows):
    with pytest.raises(DataError, match=r"the data \(2 different times\) must have at least 3"):
        Time(shares=SHARES).split(rows(4, time=[1, 1, 2, 2]))


def test_a_row_without_a_time_is_named(rows):
    with pytest.raises(DataError, match=r"the time \(row 1\) must be given"):
        Time(shares=SHARES).split(rows(3, time=[1.0, float("nan"), 2.0]))
