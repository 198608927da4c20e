from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.splits.kfold import KFold
from fuselab.errors import ConfigError, DataError

CHOICE = {"folds": 5, "fold": 0, "val_share": 0.2, "seed": 0, "stratify": False, "grouped": False}


def folds(known, **changed):
    chosen = {**CHOICE, **changed}
    return [KFold(**{**chosen, "fold": fold}).split(known) for fold in range(chosen["folds"])]


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("stratify", [True, False])
def test_every_row_is_in_test_once(rows, covers, stratify, grouped):
    rng = np.random.default_rng(0)
    known = rows(203, target=rng.integers(0, 3, 203), group=rng.integers(0, 40, 203).astype(str))
    splits = folds(known, stratify=stratify, grouped=grouped)
    for split in splits:
        covers(split, 203)
    assert sorted(np.concatenate([split["test"] for split in splits]).tolist()) == list(range(203))
    sizes = [len(split["test"]) for split in splits]
    assert max(sizes) - min(sizes) <= (6 if grouped and stratify else 1)


def test_folds_have_each_class_to_within_a_row(rows):
    target = np.random.default_rng(0).choice(4, 500, p=[0.6, 0.3, 0.07, 0.03])
    for split in folds(rows(500, target=target), stratify=True):
        for one in range(4):
            assert abs((target[split["test"]] == one).sum() - (target == one).sum() / 5) <= 1
            rest = (target[split["train"]] == one).sum() + (target[split["val"]] == one).sum()
            assert abs((target[split["val"]] == one).sum() - 0.2 * rest) <= 1


def test_no_group_stands_in_two_splits(rows):
    group = np.random.default_rng(0).integers(0, 40, 300).astype(str)
    for split in folds(rows(300, group=group), grouped=True):
        names = [set(group[numbers]) for numbers in split.values()]
        assert len(set.union(*names)) == sum(map(len, names)) == 40


@pytest.mark.parametrize("grouped", [True, False])
def test_val_is_a_share_of_what_is_not_test(rows, grouped):
    group = np.random.default_rng(0).integers(0, 100, 500).astype(str)
    for split in folds(rows(500, group=group), grouped=grouped):
        assert len(split["val"]) == round(0.2 * (500 - len(split["test"])))


def test_groups_of_one_class_are_dealt_out_by_class(rows):
    """Patients are ill or not: without a look at classes a fold could hold one kind alone."""
    ill = np.arange(50) < 10
    group = np.repeat(np.arange(50).astype(str), 6)
    target = np.repeat(ill, 6).astype(int)
    for split in folds(rows(300, group=group, target=target), stratify=True, grouped=True):
        assert target[split["test"]].sum() == 12
        assert len(split["test"]) == 60


def test_folds_are_those_of_a_seed_whatever_the_order_of_rows(rows):
    rng = np.random.default_rng(0)
    group, order = rng.integers(0, 20, 100).astype(str), rng.permutation(100)
    one = KFold(**{**CHOICE, "grouped": True}).split(rows(100, group=group))
    other = KFold(**{**CHOICE, "grouped": True}).split(rows(100, group=group[order]))
    third = KFold(**{**CHOICE, "grouped": True, "seed": 1}).split(rows(100, group=group))
    assert set(group[one["test"]]) == set(group[order][other["test"]]) != set(group[third["test"]])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"folds": 1}, r"split\.folds \(1\) must be a whole number of at least 2"),
        ({"fold": 5}, r"split\.fold \(5\) must be less than split\.folds \(5\); folds count from 0"),
        ({"fold": -1}, r"split\.fold \(-1\) must be a whole number of at least 0"),
        ({"val_share": 0}, r"split\.val_share \(0\) must be between 0 and 1"),
        ({"seed": None}, r"split\.seed \(None\) must be a whole number"),
    ],
)
def test_a_config_that_can_not_be(changed, said):
    with pytest.raises(ConfigError, match=said):
        KFold(**{**CHOICE, **changed})


def test_a_class_has_to_reach_every_fold(rows):
    with pytest.raises(DataError, match=r"the class 1 \(4 rows\) must have at least 5"):
        KFold(**{**CHOICE, "stratify": True}).split(rows(20, target=[0] * 16 + [1] * 4))


def test_fewer_groups_than_folds(rows):
    with pytest.raises(DataError, match=r"the data \(4 groups\) must have at least 5, one for each fold"):
        KFold(**{**CHOICE, "grouped": True}).split(rows(8, group=["a", "b", "c", "d"] * 2))
