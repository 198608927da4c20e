from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.features.align import order_of
from fuselab.errors import DataError


def test_rows_are_found_by_their_ids():
    ids, wanted = np.array(["c", "a", "b"]), np.array(["a", "b", "c"])
    assert ids[order_of("text", ids, wanted, may_differ=False)[0]].tolist() == ["a", "b", "c"]
    assert order_of("text", np.array([30, 10]), np.array([10, 30]), may_differ=False)[0].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("ids", "wanted", "message"),
    [
        ("ab", "abcdefgh", r"ids of text \(only in target: c, d, e, f, g and 1 more\) must be those of the target"),
        ("abxy", "abc", r"ids of text \(only in target: c; only in text: x, y\) must be those of the target; store"),
        ("aab", "ab", r"ids of text \(a\) must be there once; remove duplicates"),
        ("ab", "abb", r"ids of target \(b\) must be there once; remove duplicates"),
    ],
)
def test_other_ids_are_refused_with_the_first_of_them(ids, wanted, message):
    with pytest.raises(DataError, match=message):
        order_of("text", np.array(list(ids)), np.array(list(wanted)), may_differ=False)


def test_ids_that_may_differ_are_told():
    rows, notes = order_of("text", np.array(["c", "a", "x"]), np.array(["a", "b", "c"]), may_differ=True)
    assert rows.tolist() == [1, -1, 0]
    assert notes == ("1 of the samples lacks a row in text: b", "1 key of text is left out: x")
