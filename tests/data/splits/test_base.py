from __future__ import annotations

import hashlib

import numpy as np
import pytest

from fuselab.data.splits.base import by_split, check_share, check_whole, classes_of, needed, shares_of, split_hash
from fuselab.data.splits.base import stream as named_stream
from fuselab.errors import ConfigError, DataError

SPLIT = {"train": np.array([0, 2]), "val": np.array([1]), "test": np.array([3])}


def test_the_hash_is_of_names_types_shapes_and_bytes():
    digest = hashlib.sha256()
    for name in ("test", "train", "val"):
        digest.update(f"{name}|<i8|({len(SPLIT[name])},)|".encode() + SPLIT[name].astype("<i8").tobytes())
    assert split_hash(SPLIT) == digest.hexdigest()


def test_the_hash_tells_a_moved_row():
    assert split_hash(SPLIT) != split_hash({**SPLIT, "train": np.array([0, 3]), "test": np.array([2])})


def test_streams_of_two_names_differ_and_of_one_name_agree():
    draws = [named_stream(0, *names).integers(1 << 60) for names in (("a",), ("b",), ("a",), ("a", 1), ("a", 2))]
    assert draws[0] == draws[2]
    assert len(set(draws)) == 4


def test_a_split_without_rows_is_named():
    with pytest.raises(DataError, match=r"the split val \(train 2, val 0, test 1 rows\) must have a row; change split"):
        by_split(np.array([0, 0, 2]))


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({"train": 0.5, "test": 0.5}, r"split\.shares \(train, test\) must name train, val and test"),
        ({"train": 1, "val": 0, "test": 0}, r"split\.shares\.train \(1\) must be between 0 and 1"),
        ({"train": 0.5, "val": True, "test": 0.5}, r"split\.shares\.val \(True\) must be between"),
        ({"train": 0.5, "val": 0.2, "test": 0.2}, r"split\.shares \(sums to 0\.9\) must sum to 1; change"),
    ],
)
def test_shares_that_can_not_be(shares, said):
    with pytest.raises(ConfigError, match=said):
        shares_of(shares)


@pytest.mark.parametrize("value", ["0.1", None, 0, 1, float("nan")])
def test_what_is_no_share(value):
    with pytest.raises(ConfigError, match=r"key \(.*\) must be between 0 and 1"):
        check_share("key", value)


@pytest.mark.parametrize("value", [-1, 0.5, True, "1"])
def test_what_is_no_whole_number(value):
    with pytest.raises(ConfigError, match=r"key \(.*\) must be a whole number of at least 0; set key=0"):
        check_whole("key", value, least=0)


def test_a_field_that_the_source_lacks(rows):
    with pytest.raises(DataError, match="the data must give a group for this split; name its column"):
        needed(rows(2), "group")


def test_a_field_of_another_length(rows):
    with pytest.raises(DataError, match=r"the time \(3 values\) must have one for each of the 2 rows"):
        needed(rows(2, time=[1, 2, 3]), "time")


@pytest.mark.parametrize(
    "group",
    [
        ["a", "", "b", " "],
        np.array(["a", None, "b", float("nan")], dtype=object),
        [1.0, float("nan"), 2.0, float("nan")],
        np.array(["2024", "NaT", "2025", "NaT"], dtype="datetime64[Y]"),
    ],
    ids=["text", "object", "float", "date"],
)
def test_empty_values_are_named(rows, group):
    with pytest.raises(DataError, match=r"the group \(rows 1, 3\) must be given for each row; fill it in"):
        needed(rows(4, group=group), "group")


def test_many_rows_are_named_by_their_first(rows):
    with pytest.raises(DataError, match=r"\(rows 0, 1, 2, 3, 4 and 5 more\)"):
        needed(rows(10, group=[""] * 10), "group")


def test_classes_are_numbered(rows):
    assert classes_of(rows(4, target=["x", "y", "x", "y"]), splits=2).tolist() == [0, 1, 0, 1]


def test_a_class_too_small_is_named(rows):
    with pytest.raises(DataError, match=r"the class 7 \(2 rows\) must have at least 3, one for each split; add rows"):
        classes_of(rows(5, target=[1, 1, 1, 7, 7]), splits=3)


@pytest.mark.parametrize("target", [[0.5, 1.5], [[0, 1], [1, 0]]], ids=["values", "several"])
def test_targets_that_are_no_classes(rows, target):
    with pytest.raises(DataError, match=r"the target .* must be one class a row to be stratified; set split\.stratify"):
        classes_of(rows(2, target=target), splits=1)
