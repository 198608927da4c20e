from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fuselab.data.join import as_text, join
from fuselab.errors import ConfigError, DataError

IMAGES, TEXTS, LABELS = ["p3", "p1", "p4"], ["p1", "p2", "p3"], ["p1", "p2", "p3", "p5"]
TABLES = {"images": IMAGES, "texts": TEXTS, "labels": LABELS}


def joined(tables: dict[str, list[Any]], **change: Any):
    settings: dict[str, Any] = {"how": "outer", "left": None, "duplicates": "raise", "key": "data.source.file"}
    return join({name: pa.array(keys) for name, keys in tables.items()}, **(settings | change))


@pytest.mark.parametrize(
    ("how", "left", "keys"),
    [
        ("inner", None, ["p3", "p1"]),
        ("outer", None, ["p3", "p1", "p4", "p2", "p5"]),
        ("left", "labels", ["p1", "p2", "p3", "p5"]),
        ("left", "images", ["p3", "p1", "p4"]),
    ],
)
def test_rows_are_those_of_the_keys(how, left, keys):
    found = joined(TABLES, how=how, left=left)
    assert found.keys.to_pylist() == keys
    for name, table in TABLES.items():
        assert found.rows[name].tolist() == [table.index(key) if key in table else -1 for key in keys]


def test_it_joins_as_pandas_does():
    draw = np.random.default_rng(0)
    a, b = (draw.permutation(500)[:300] for _ in range(2))
    for how in ("inner", "outer", "left"):
        left, right = (pd.DataFrame({"key": one, f"row_{name}": np.arange(300)}) for one, name in ((a, "a"), (b, "b")))
        known = left.merge(right, on="key", how=how).set_index("key").fillna(-1).astype(int)
        found = joined({"a": a, "b": b}, how=how, left="a" if how == "left" else None)
        ours = pd.DataFrame(
            {"row_a": found.rows["a"], "row_b": found.rows["b"]}, [int(key) for key in found.keys.to_pylist()]
        )
        pd.testing.assert_frame_equal(ours.sort_index(), known.sort_index(), check_names=False)


def test_the_account_says_what_matched_and_what_did_not():
    found = joined(TABLES, how="left", left="labels")
    assert found.account == (
        "left join to labels: 4 samples, 2 in all of images (3 keys), texts (3 keys), labels (4 keys)"
    )
    assert found.notes == (
        "2 of the samples lack a row in images: p2, p5",
        "1 key of images is left out: p4",
        "1 of the samples lacks a row in texts: p5",
        "1 key only in images: p4",
        "1 key only in labels: p5",
    )
    assert joined({"a": ["x", "y"], "b": ["y", "x"]}).notes == ()
    many = joined({"a": ["x"], "b": ["x", *map(str, range(1200))]}, how="inner")
    assert many.notes == ("1,200 keys of b are left out: 0, 1, 2, 3, 4 and 1,195 more",)


@pytest.mark.parametrize(
    "keys", [["1", "2"], [" 1", "2 "], [1, 2], [1.0, 2.0], np.array([1, 2], np.int8), np.array(["1", "2"])]
)
def test_one_key_written_in_several_ways(keys):
    assert as_text(keys if isinstance(keys, np.ndarray) else pa.array(keys)).to_pylist() == ["1", "2"]
    assert joined({"a": keys, "b": ["2", "1"]}, how="inner").rows["b"].tolist() == [1, 0]


def test_a_fraction_and_a_big_number_are_keys_too():
    assert as_text(pa.array([0.5, 3e15, None])).to_pylist() == ["0.5", "3000000000000000", None]


def test_a_key_twice_is_named_or_its_first_row_taken():
    twice = {"a": ["x", "y", "x ", "z", "y", "x"], "b": ["x", "y", "z"]}
    with pytest.raises(
        DataError,
        match=r"the keys of a \('x' in rows 0, 2, 5, 'y' in rows 1, 4\) must be there once; .* with "
        r"data\.source\.file\.duplicates=first",
    ):
        joined(twice)
    found = joined(twice, duplicates="first")
    assert found.rows["a"].tolist() == [0, 1, 3]
    assert found.notes == ("3 rows of a repeat a key and count for nothing: 'x' in rows 0, 2, 5, 'y' in rows 1, 4",)


@pytest.mark.parametrize("blank", ["", "  ", None])
def test_an_empty_key_is_named(blank):
    with pytest.raises(
        DataError, match=r"the keys of a \(empty in rows 1, 3\) must be given for each row; fill them in"
    ):
        joined({"a": ["x", blank, "y", blank], "b": ["x"]})
    with pytest.raises(DataError, match=r"the keys of a \(empty in row 1\) must be given"):
        joined({"a": [1.0, float("nan")], "b": ["1"]})


def test_keys_of_another_kind_are_told_by_their_first_ones():
    with pytest.raises(
        DataError,
        match=r"the keys of b \(such as '001', '002'\) must be found in another table; write them as in a "
        r"\(such as '1', '2'\)",
    ):
        joined({"a": ["1", "2"], "c": ["1", "2"], "b": ["001", "002"]})
    with pytest.raises(
        DataError, match=r"the tables \(a, b, c\) must share a key; write their keys alike, or join outer"
    ):
        joined({"a": ["1", "2"], "b": ["2", "3"], "c": ["3", "1"]}, how="inner")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"how": "cross"}, r"data\.source\.file\.how \(cross\) must be one of inner, outer, left; choose one"),
        ({"duplicates": "last"}, r"data\.source\.file\.duplicates \(last\) must be one of raise, first; choose one"),
        ({"how": "left", "left": "imges"}, r"data\.source\.file\.left \(imges\) must name the table .*'images'"),
        ({"how": "left"}, r"data\.source\.file\.left \(null\) must name the table .*images, labels, texts"),
    ],
)
def test_ways_to_join_that_cant_be(change, message):
    with pytest.raises(ConfigError, match=message):
        joined(TABLES, **change)
