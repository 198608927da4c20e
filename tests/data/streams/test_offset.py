from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.streams.offset import estimate_offset
from fuselab.data.streams.signal import Signal
from fuselab.errors import DataError

DRAW = np.random.default_rng(0)


def events(times: np.ndarray) -> np.ndarray:
    """Bumps at moments that no period fits."""
    return sum(np.exp(-(((times - moment) / 0.3) ** 2)) for moment in (4.0, 7.1, 13.7, 19.2, 22.9, 31.3, 36.4))


def recorded(rate: float, *, late: float, begin: float = 0.0, end: float = 40.0, noise: float = 0.0) -> Signal:
    """See the events at a rate, by a clock that runs late."""
    times = np.arange(begin, end, 1 / rate)
    values = events(times) + noise * DRAW.normal(size=len(times))
    return Signal(times=times + late, values=values[:, None])


@pytest.mark.parametrize(("noise", "close"), [(0.0, 0.002), (0.1, 0.02)])  # half a step of the grid is 0.02 s
@pytest.mark.parametrize("late", [-1.37, -0.2, 0.0, 0.013, 0.5, 1.9])
def test_a_planted_offset_is_found(late, noise, close):
    found = estimate_offset(
        recorded(50, late=0, noise=noise), recorded(30, late=late, noise=noise), rate=25, longest=2.0, max_gap=0.5
    )
    assert abs(found.seconds + late) < close
    assert found.correlation > 0.85


def test_it_is_found_where_one_stream_lacks_its_begin_and_has_a_gap():
    other = recorded(30, late=0.7, begin=9.0, end=38.0)
    kept = (other.times < 16) | (other.times > 18)
    other = Signal(times=other.times[kept], values=other.values[kept])
    found = estimate_offset(recorded(50, late=0), other, rate=25, longest=3.0, max_gap=0.5)
    assert abs(found.seconds + 0.7) < 0.01


def test_it_adds_what_numpy_says():
    a, b = DRAW.normal(size=200), np.zeros(200)
    b[7:] = a[:-7]
    one, other = (Signal(times=np.arange(200.0), values=x[:, None]) for x in (a, b))
    assert int(np.correlate(b, a, "full").argmax()) - 199 == 7
    assert abs(estimate_offset(one, other, rate=1.0, longest=20.0, max_gap=1.5).seconds + 7) < 0.5


def test_streams_that_have_nothing_to_do_with_each_other_correlate_little():
    a, b = (Signal(times=np.arange(0, 40, 0.1), values=DRAW.normal(size=(400, 1))) for _ in range(2))
    assert estimate_offset(a, b, rate=10, longest=1.0, max_gap=0.5).correlation < 0.2


def test_streams_that_cant_be_compared():
    one = recorded(10, late=0)
    two = Signal(times=one.times, values=np.ones((400, 2)))
    with pytest.raises(
        DataError, match=r"the other stream \(400 samples of 2 numbers\) must have .* choose the number"
    ):
        estimate_offset(one, two, rate=10, longest=1.0, max_gap=1.0)
    late = Signal(times=one.times + 100, values=one.values)
    with pytest.raises(
        DataError, match=r"the streams \(0 to 39\.9 s, 100 to 139\.9 s\) must share half of the shorter"
    ):
        estimate_offset(one, late, rate=10, longest=1.0, max_gap=1.0)
