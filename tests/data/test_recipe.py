from __future__ import annotations

import math
from typing import Any

import pytest

from fuselab.data.recipe import cache_key, number, span, stream, table, whole
from fuselab.errors import ConfigError


@pytest.mark.parametrize("value", [True, "1", None, math.nan, 11, -1])
def test_a_number_is_within_its_bounds(value: Any):
    with pytest.raises(ConfigError, match=rf"data.source.x \({value}\) must be a number from 0 to 10; change it"):
        number("x", value, 0, 10)


@pytest.mark.parametrize("value", [True, "1", None, 1.5, 1_001, -1])
def test_a_count_is_whole(value: Any):
    with pytest.raises(ConfigError, match=rf"data.source.x \({value}\) must be a whole number from 0 to 1,000; change"):
        whole("x", value, 0, 1000)


def test_spelling_makes_no_difference():
    assert repr(number("x", 3, 0, 10)) == "3.0"
    assert repr(whole("x", 3.0, 0, 10)) == "3"
    assert span("x", (1, 2.0), whole, 0, 10) == (1, 2)
    assert list(table("x", {"b": 1, "a": 2}, ("a", "b"), whole, 0, 10).items()) == [("a", 2), ("b", 1)]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, r"data.source.x \(5\) must be two numbers; give \[lowest, highest\]"),
        ("15", "must be two numbers"),
        ([1], "must be two numbers"),
        ([5, 1], r"data.source.x \(\[5.0, 1.0\]\) must rise from lowest to highest; write \[1.0, 5.0\]"),
        ([0, 20], r"data.source.x \(20\) must be a number from 0 to 10"),
    ],
)
def test_a_span_rises(value: Any, message: str):
    with pytest.raises(ConfigError, match=message):
        span("x", value, number, 0, 10)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, r"data.source.x \(5\) must be a mapping; give a value for each of train, val"),
        ({"train": 1}, "data.source.x must have val; give a value for each of train, val"),
        ({"train": 1, "vall": 1}, "data.source.x.vall must be a known name; did you mean 'val'"),
        ({"train": 1, "val": -1}, r"data.source.x.val \(-1\) must be a whole number from 0 to 10"),
    ],
)
def test_a_table_has_all_names_and_no_other(value: Any, message: str):
    with pytest.raises(ConfigError, match=message):
        table("x", value, ("train", "val"), whole, 0, 10)


def test_streams_and_keys_are_told_apart_by_everything_in_them():
    draws = {tuple(stream(seed, *names).integers(1000, size=4)) for seed in (0, 1) for names in (("a", "b"), ("a",))}
    assert len(draws) == 4
    assert len({cache_key("a", {"x": 1, "y": 2}), cache_key("a", {"x": 2, "y": 1}), cache_key("b", {"x": 1})}) == 3
    assert cache_key("a", {"x": 1, "y": 2}) == cache_key("a", {"y": 2, "x": 1})
