from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.paired import Split, sha256

BASE = {"a": np.arange(4, dtype=np.int32), "b": np.array(["x", "y"])}


def test_the_order_of_the_mapping_does_not_count():
    assert sha256(BASE) == sha256(dict(reversed(BASE.items())))


def test_where_an_array_lies_does_not_count():
    assert sha256({"a": np.arange(8, dtype=np.int32)[::2]}) == sha256({"a": np.array([0, 2, 4, 6], np.int32)})


@pytest.mark.parametrize(
    "changed",
    [
        {"a": np.array([0, 1, 2, 4], np.int32)},
        {"a": np.arange(4, dtype=np.uint32)},
        {"a": np.arange(4, dtype=np.int32).reshape(2, 2)},
        {"b": np.array(["x", "z"])},
        {"b": np.array(["x", "y"], "U9")},
    ],
    ids=["value", "type", "shape", "text", "width"],
)
def test_all_else_counts(changed: dict[str, np.ndarray]):
    assert sha256(BASE | changed) != sha256(BASE)


def test_names_count():
    assert sha256({"a": BASE["a"], "c": BASE["b"]}) != sha256(BASE)


def test_a_split_is_as_long_as_its_target():
    split = Split(values={"a": np.zeros((3, 2))}, present={"a": np.ones(3, bool)}, target=np.zeros(3), slice=None)
    assert len(split) == 3
