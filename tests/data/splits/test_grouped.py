from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.splits.grouped import Grouped
from fuselab.errors import DataError

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}


@pytest.mark.parametrize("seed", range(5))
def test_no_group_stands_in_two_splits_and_shares_are_met(rows, covers, seed):
    group = np.char.add("video", np.random.default_rng(seed).integers(0, 62, 1447).astype(str))
    split = Grouped(shares=SHARES, seed=seed).split(rows(1447, group=group))
    covers(split, 1447)
    names = [set(group[numbers]) for numbers in split.values()]
    assert len(set.union(*names)) == sum(map(len, names))
    assert [len(numbers) for numbers in split.values()] == pytest.approx([1013, 145, 289], abs=1)


def test_the_order_of_rows_does_not_count(rows):
    rng = np.random.default_rng(0)
    group = rng.integers(0, 20, 300).astype(str)
    order = rng.permutation(300)
    split = Grouped(shares=SHARES, seed=1).split(rows(300, group=group))
    other = Grouped(shares=SHARES, seed=1).split(rows(300, group=group[order]))
    for name in SHARES:
        assert set(group[split[name]]) == set(group[order][other[name]])


def test_seeds_choose_groups(rows):
    group = np.repeat(np.arange(30).astype(str), 10)
    tests = {tuple(Grouped(shares=SHARES, seed=seed).split(rows(300, group=group))["test"]) for seed in range(5)}
    assert len(tests) == 5


def test_six_speakers_fill_three_splits(rows):
    group = np.repeat(["george", "jackson", "lucas", "nicolas", "theo", "yweweler"], 500)
    split = Grouped(shares=SHARES, seed=0).split(rows(3000, group=group))
    assert [len(numbers) for numbers in split.values()] == [2000, 500, 500]


def test_two_groups_are_too_few(rows):
    with pytest.raises(DataError, match=r"the data \(2 groups\) must have at least 3, one for each split"):
        Grouped(shares=SHARES, seed=0).split(rows(4, group=["a", "a", "b", "b"]))


def test_a_row_without_a_group_is_named(rows):
    with pytest.raises(DataError, match=r"the group \(row 2\) must be given for each row"):
        Grouped(shares=SHARES, seed=0).split(rows(4, group=["a", "b", "", "c"]))
