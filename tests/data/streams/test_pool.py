from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.streams.pool import pooled
from fuselab.data.streams.signal import Signal

SIGNAL = Signal(
    times=np.array([2.0, 2.2, 2.4, 3.0, 3.9]),
    values=np.array([[1.0, 5.0], [3.0, -1.0], [2.0, 0.0], [7.0, 7.0], [8.0, 2.0]]),
)


@pytest.mark.parametrize(
    ("pool", "whole", "first", "second"),
    [
        ("mean", [4.2, 2.6], [2.0, 4 / 3], [7.5, 4.5]),
        ("max", [8.0, 7.0], [3.0, 5.0], [8.0, 7.0]),
        ("last", [8.0, 2.0], [2.0, 0.0], [8.0, 2.0]),
    ],
)
def test_worked_by_hand(pool, whole, first, second):
    values, real = pooled(SIGNAL, 2.0, 4.0, pool=pool, parts=1)
    np.testing.assert_allclose(values, [whole])
    assert real.tolist() == [True]
    values, real = pooled(SIGNAL, 2.0, 4.0, pool=pool, parts=2)
    np.testing.assert_allclose(values, [first, second])
    assert real.tolist() == [True, True]


def test_a_part_without_a_sample_is_none():
    values, real = pooled(SIGNAL, 2.0, 4.0, pool="mean", parts=4)
    assert real.tolist() == [True, False, True, True]
    assert values[1].tolist() == [0, 0]
    none = Signal(times=np.zeros(0), values=np.zeros((0, 2)))
    assert not pooled(none, 2.0, 4.0, pool="mean", parts=3)[1].any()


def test_a_sample_on_the_edge_of_a_part_begins_it():
    signal = Signal(times=np.array([0.1, 0.2, 0.3]), values=np.arange(3.0)[:, None])
    values, real = pooled(signal, 0.1, 0.4, pool="mean", parts=3)  # the second edge is a little more than 0.3
    assert (values[:, 0].tolist(), real.all()) == ([0, 1, 2], True)


def test_parts_meet_without_sharing_a_sample():
    times = np.arange(0.3, 3.3, 0.1)  # of which many stand on an edge, give or take a rounding
    signal = Signal(times=times, values=np.ones((30, 1)))
    for parts in (3, 5, 6, 10, 15, 30):
        of_each = [
            int(((times >= 0.3 + 3 * p / parts - 1e-6) & (times < 0.3 + 3 * (p + 1) / parts - 1e-6)).sum())
            for p in range(parts)
        ]
        assert set(of_each) == {30 // parts}
        signal = Signal(times=times, values=np.arange(30.0)[:, None])
        last = pooled(signal, 0.3, 3.3, pool="last", parts=parts)[0][:, 0]
        assert last.tolist() == (np.arange(1, parts + 1) * (30 // parts) - 1).tolist()
