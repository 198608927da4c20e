from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fuselab.data.streams.categories import CategoryStream
from fuselab.data.streams.signal import StreamError
from fuselab.errors import ConfigError


def stream(**change: Any) -> CategoryStream:
    settings: dict[str, Any] = {
        "file": "{recording}.csv",
        "array": None,
        "columns": ["who"],
        "times": "t",
        "rate": None,
        "start": 0.0,
        "offset": 0.0,
        "offset_column": None,
        "categories": ["ann", "bo"],
        "resample": None,
        "max_gap": 5.0,
        "pool": "mean",
        "parts": 1,
        "steps": None,
    }
    return CategoryStream(**(settings | change))


def test_the_mean_is_the_share_and_nothing_lies_between(tmp_path):
    (tmp_path / "a.csv").write_text("t,who\n0,ann\n1, bo\n2,bo \n3,ann\n4,\n")
    opened = stream().open(tmp_path / "a.csv")
    assert stream().cut(opened, 0, 4)[0].tolist() == [0.5, 0.5]
    assert stream().cut(opened, 1, 3)[0].tolist() == [0, 1]
    assert opened.unusable == 1
    kept = stream(pool=None, steps=9, resample=4.0)
    values, real = kept.cut(opened, 0, 1.5)
    assert values[:, 1].tolist() == [0, 0, 0, 1, 1, 1]
    assert real.all()
    assert stream().shape == (2,)


@pytest.mark.parametrize("values", [np.array([0, 1, 1]), np.array([0.0, 1.0, 1.0]), np.array(["0", "1", "1"])])
def test_categories_of_arrays(tmp_path, values):
    np.save(tmp_path / "a.npy", values)
    one = stream(file="{recording}.npy", columns=None, times=None, rate=1.0, categories=[0, 1])
    np.testing.assert_allclose(one.cut(one.open(tmp_path / "a.npy"), 0, 3)[0], [1 / 3, 2 / 3])


def test_a_category_outside_the_list_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("t,who\n0,ann\n1,cy\n")
    with pytest.raises(StreamError, match=r"has a category outside the list \('cy' in row 1\); add it, or mend it"):
        stream().open(tmp_path / "a.csv")


@pytest.mark.parametrize("categories", [["ann"], ["ann", "bo", "ann"], []])
def test_categories_that_cant_be(categories):
    with pytest.raises(ConfigError, match=r"categories \(.*\) of the stream \{recording\}\.csv must be two at least"):
        stream(categories=categories)
