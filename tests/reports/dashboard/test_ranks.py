from __future__ import annotations

import json

import numpy as np

from fuselab.reports.dashboard.ranks import plain_ranks, tell_ranks
from fuselab.reports.statistics.omnibus import friedman_nemenyi


def test_ranks_are_told_best_first_with_those_that_are_not_told_apart():
    values = np.array([[0.1, 0.9, 0.5], [0.2, 0.8, 0.5], [0.3, 0.9, 0.6], [0.1, 0.7, 0.3]])
    found = friedman_nemenyi(values, names=("c", "a", "b"), blocks=("w", "x", "y", "z"), higher=True, alpha=0.05)
    told = tell_ranks(plain_ranks(found, ("slices", "They are not independent.")))
    assert told["names"] == ["a", "b", "c"]
    assert told["rank"] == [1, 2, 3]
    assert told["over"] == ["slices", "They are not independent."]
    assert told["blocks"] == ["w", "x", "y", "z"]
    # Demšar 2006, table 5: q is 2.343 of 3 methods at 0.05, times sqrt(3 * 4 / (6 * 4)).
    assert abs(told["critical_difference"] - 2.343 * 0.5**0.5) < 2e-3
    assert told["groups"] == [[0, 1], [1, 2]]
    assert abs(told["p"] - 0.0183) < 1e-4  # chi-square of 8 with 2 degrees of freedom
    assert json.loads(json.dumps(told)) == told


def test_no_ranks_are_none():
    assert tell_ranks(None) is None
