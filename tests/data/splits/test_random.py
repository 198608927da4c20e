from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.splits.random import Random
from fuselab.errors import ConfigError, DataError

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}
GOLDEN = {"train": [2, 3, 4, 5, 6, 8, 9], "val": [0], "test": [1, 7]}


@pytest.mark.parametrize("stratify", [True, False])
def test_every_row_stands_in_one_split_and_shares_are_met(rows, covers, stratify):
    target = np.random.default_rng(0).integers(0, 5, 501)
    split = Random(shares=SHARES, seed=0, stratify=stratify).split(rows(501, target=target))
    covers(split, 501)
    assert [len(one) for one in split.values()] == [351, 50, 100]


def test_each_class_has_its_share(rows):
    target = np.random.default_rng(0).choice(4, 1000, p=[0.7, 0.2, 0.07, 0.03])
    split = Random(shares=SHARES, seed=3, stratify=True).split(rows(1000, target=target))
    for name, numbers in split.items():
        for one in range(4):
            assert abs((target[numbers] == one).sum() - SHARES[name] * (target == one).sum()) < 2


def test_a_seed_gives_one_split_to_the_row(rows):
    known = rows(40, target=[0, 1] * 20)
    splits = [Random(shares=SHARES, seed=seed, stratify=True).split(known) for seed in (5, 5, 6)]
    assert all((splits[0][name] == splits[1][name]).all() for name in SHARES)
    assert any(set(splits[0][name]) != set(splits[2][name]) for name in SHARES)


def test_the_split_of_a_seed_never_changes(rows):
    """Runs of today are compared with runs of tomorrow: these rows are numpy's stream of this seed."""
    split = Random(shares=SHARES, seed=0, stratify=False).split(rows(10))
    assert {name: numbers.tolist() for name, numbers in split.items()} == GOLDEN


def test_values_are_split_without_classes(rows, covers):
    known = rows(10, target=np.linspace(0, 1, 10))
    covers(Random(shares=SHARES, seed=0, stratify=False).split(known), 10)
    with pytest.raises(DataError, match="must be one class a row to be stratified"):
        Random(shares=SHARES, seed=0, stratify=True).split(known)


def test_a_class_of_two_rows_can_not_stand_in_three_splits(rows):
    with pytest.raises(DataError, match=r"the class 1 \(2 rows\) must have at least 3"):
        Random(shares=SHARES, seed=0, stratify=True).split(rows(12, target=[0] * 10 + [1] * 2))


def test_too_few_rows_name_the_empty_split(rows):
    with pytest.raises(DataError, match=r"the split val \(train 2, val 0, test 1 rows\) must have a row"):
        Random(shares=SHARES, seed=0, stratify=False).split(rows(3))


def test_a_seed_that_can_not_be():
    with pytest.raises(ConfigError, match=r"split\.seed \(-1\) must be a whole number of at least 0"):
        Random(shares=SHARES, seed=-1, stratify=True)
