from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.splits.column import Column
from fuselab.errors import ConfigError, DataError

PLAIN = {"train": "train", "val": "val", "test": "test", "draw_val": None}
BY_VIDEO = {**PLAIN, "val": [], "draw_val": {"share": 0.2, "by": "group", "seed": 0}}


def test_rows_stand_where_their_value_says(rows, covers):
    split = Column(**{**PLAIN, "train": ["a", "b"], "val": 3}).split(rows(5, column=["b", "test", "3", "a", "test"]))
    covers(split, 5)
    assert {name: one.tolist() for name, one in split.items()} == {"train": [0, 3], "val": [2], "test": [1, 4]}


def test_a_value_that_means_no_split_is_named_with_its_rows(rows):
    with pytest.raises(
        DataError,
        match=r"the split column \('Test' in rows 1, 3\) must say a value that means a split; did you mean 'te",
    ):
        Column(**PLAIN).split(rows(5, column=["train", "Test", "val", "Test", "test"]))


def test_val_is_drawn_by_group_from_train_and_test_stays(rows, covers):
    rng = np.random.default_rng(0)
    column = np.repeat(["train", "test"], [800, 200])
    group = rng.integers(0, 50, 1000).astype(str)
    split = Column(**BY_VIDEO).split(rows(1000, column=column, group=group))
    covers(split, 1000)
    assert split["test"].tolist() == list(range(800, 1000))
    assert not set(group[split["train"]]) & set(group[split["val"]])
    assert len(split["val"]) == 160


@pytest.mark.parametrize("by", ["class", "row"])
def test_val_is_drawn_by_row(rows, by):
    target = np.random.default_rng(0).integers(0, 3, 100)
    known = rows(100, column=np.repeat(["train", "test"], [80, 20]), target=target)
    chosen = {**BY_VIDEO, "draw_val": {"share": 0.25, "by": by, "seed": 1}}
    split = Column(**chosen).split(known)
    assert len(split["val"]) == 20
    counts = np.bincount(target[split["val"]], minlength=3) - 0.25 * np.bincount(target[:80], minlength=3)
    assert (np.abs(counts).max() <= 1) == (by == "class")


def test_a_class_is_counted_where_val_is_drawn(rows):
    known = rows(8, column=["train"] * 5 + ["test"] * 3, target=[0, 0, 0, 0, 1, 1, 1, 2])
    with pytest.raises(DataError, match=r"the class 1 \(1 rows\) must have at least 2"):
        Column(**{**BY_VIDEO, "draw_val": {"share": 0.4, "by": "class", "seed": 0}}).split(known)


def test_one_group_can_not_give_val(rows):
    with pytest.raises(DataError, match=r"the train rows \(1 group\) must have at least 2 groups"):
        Column(**BY_VIDEO).split(rows(3, column=["train", "train", "test"], group=["a", "a", "b"]))


def test_a_split_without_rows_is_named(rows):
    with pytest.raises(DataError, match=r"the split val \(train 1, val 0, test 1 rows\) must have a row"):
        Column(**PLAIN).split(rows(2, column=["train", "test"]))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"val": "train"}, r"split\.val \(train\) must not mean train too; leave it out of one"),
        ({"val": []}, r"split\.val \(\[\]\) must name the values that mean it; set split\.val=val"),
        ({"test": None}, r"split\.test \(None\) must name the values that mean it"),
        ({"draw_val": BY_VIDEO["draw_val"]}, r"split\.val \(val\) must be empty where split\.draw_val draws val"),
        ({"val": [], "draw_val": {"share": 0.2}}, r"split\.draw_val \(share\) must have share, by and seed"),
        (
            {"val": [], "draw_val": {"share": 2, "by": "row", "seed": 0}},
            r"split\.draw_val\.share \(2\) must be between",
        ),
        ({"val": [], "draw_val": {"share": 0.2, "by": "row", "seed": -1}}, r"draw_val\.seed \(-1\) must be a whole"),
        ({"val": [], "draw_val": {"share": 0.2, "by": "x", "seed": 0}}, r"by \(x\) must be one of group, class, row"),
    ],
)
def test_a_config_that_can_not_be(changed, said):
    with pytest.raises(ConfigError, match=said):
        Column(**{**PLAIN, **changed})
