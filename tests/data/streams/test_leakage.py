from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.streams.leakage import overlapping, refuse_overlap
from fuselab.errors import DataError

from .test_intervals import intervals


def test_it_finds_what_a_slow_search_finds():
    draw = np.random.default_rng(0)
    outcomes = set()
    for _ in range(300):
        count = int(draw.integers(2, 7))
        begins = draw.integers(0, 12, count)
        rows = [("ab"[draw.integers(0, 2)], b, b + draw.integers(1, 4)) for b in begins]
        samples, part = intervals(*rows), draw.integers(-1, 3, count)
        known = {
            (i, j)
            for i in range(count)
            for j in range(count)
            if part[i] >= 0
            and part[j] >= 0
            and part[i] != part[j]
            and samples.recording[i] == samples.recording[j]
            and min(samples.end[i], samples.end[j]) > max(samples.begin[i], samples.begin[j])
        }
        found = overlapping(samples, part)
        assert (found is None) == (not known)
        assert found is None or found in known
        outcomes.add(found is None)
    assert outcomes == {True, False}


def test_a_long_sample_is_not_forgotten_for_a_short_one_within_it():
    assert overlapping(intervals(("a", 0, 10), ("a", 1, 2), ("a", 5, 6)), np.array([0, 0, 1])) == (0, 2)


def test_the_same_seconds_in_two_splits_are_refused():
    samples = intervals(("a", 0, 2), ("b", 0, 2), ("a", 1, 3))
    parts = {"train": np.array([0]), "val": np.array([1]), "test": np.array([2])}
    with pytest.raises(
        DataError,
        match=r"the split \(of a: 0 to 2 s in train, 1 to 3 s in test\) must not have the same seconds in two splits",
    ):
        refuse_overlap(samples, parts)
    refuse_overlap(samples, {"train": np.array([0, 2]), "val": np.array([1]), "test": np.array([], int)})
