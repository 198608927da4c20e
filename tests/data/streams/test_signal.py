from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import interp1d

from fuselab.data.streams.signal import Signal, StreamError, at, grid, signal_of

DRAW = np.random.default_rng(0)
TIMES = np.sort(DRAW.random(60)) * 10
SIGNAL = Signal(times=TIMES, values=DRAW.normal(size=(60, 3)))
MOMENTS = np.linspace(TIMES[0], TIMES[-1], 333)


def test_linear_is_that_of_numpy():
    values, real = at(SIGNAL, MOMENTS, interpolate="linear", max_gap=10)
    assert real.all()
    for place in range(3):
        np.testing.assert_allclose(values[:, place], np.interp(MOMENTS, TIMES, SIGNAL.values[:, place]), atol=1e-9)


def test_nearest_is_that_of_scipy():
    values, real = at(SIGNAL, MOMENTS, interpolate="nearest", max_gap=10)
    assert real.all()
    known = interp1d(TIMES, SIGNAL.values, kind="nearest", axis=0)(MOMENTS)
    np.testing.assert_array_equal(values, known)
    ramp = Signal(times=np.arange(3.0), values=np.arange(3.0)[:, None])
    assert at(ramp, np.array([0.5, 1.5]), interpolate="nearest", max_gap=1)[0][:, 0].tolist() == [0, 1]


@pytest.mark.parametrize("rate", [33.0, 250.0])
def test_a_sine_keeps_its_phase(rate):
    """By the angle of its Fourier coefficient: a step of 1/100 s would turn it by 18 degrees."""
    times = 0.123 + np.arange(1000) / 100
    sine = Signal(times=times, values=np.sin(2 * np.pi * 5 * times)[:, None])
    moments = grid(1.0, 9.0, rate)
    values, real = at(sine, moments, interpolate="linear", max_gap=0.1)
    assert real.all()
    coefficient = (values[:, 0] * np.exp(-2j * np.pi * 5 * moments)).sum() * 2 / len(moments)
    assert abs(np.degrees(np.angle(1j * coefficient))) < 0.2
    assert abs(abs(coefficient) - 1) < 0.02


@pytest.mark.parametrize("interpolate", ["linear", "nearest"])
def test_nothing_is_known_outside_and_in_gaps_but_at_the_samples(interpolate):
    signal = Signal(times=np.array([1.0, 2.0, 5.0, 6.0]), values=np.ones((4, 1)))
    moments = np.array([0.9, 1.0, 1.5, 2.0, 2.1, 3.5, 4.9, 5.0, 6.0, 6.1])
    values, real = at(signal, moments, interpolate=interpolate, max_gap=1.0)
    assert real.tolist() == [False, True, True, True, False, False, False, True, True, False]
    assert values[:, 0].tolist() == real.astype(float).tolist()
    assert signal.gaps(1.0) == [(2.0, 3.0)]
    assert signal.gaps(3.0) == []


def test_of_no_samples_nothing_is_known():
    none = Signal(times=np.zeros(0), values=np.zeros((0, 2)))
    values, real = at(none, np.arange(3.0), interpolate="linear", max_gap=1.0)
    assert (values.shape, real.any()) == ((3, 2), False)


def test_neighbours_share_no_sample():
    signal = Signal(times=np.arange(0, 3, 0.1), values=np.arange(30.0)[:, None])
    pieces = [signal.between(begin, begin + 0.3).values[:, 0] for begin in np.arange(0, 3, 0.3)]
    assert np.concatenate(pieces).tolist() == list(range(30))
    assert {len(piece) for piece in pieces} == {3}
    tenths = Signal(times=np.arange(6) / 10, values=np.arange(6.0)[:, None])
    edge = 0.1 + 0.2  # a little more than 0.3, which is a sample's time
    assert tenths.between(0.1, edge).values[:, 0].tolist() == [1, 2]
    assert tenths.between(edge, 0.5).values[:, 0].tolist() == [3, 4]


@pytest.mark.parametrize(("begin", "end", "count"), [(0.0, 1.0, 10), (0.3, 0.6, 3), (0.1, 0.35, 3), (2.0, 2.01, 1)])
def test_a_grid_ends_before_the_interval_does(begin, end, count):
    moments = grid(begin, end, 10)
    assert len(moments) == count
    np.testing.assert_allclose(moments, begin + 0.1 * np.arange(count))
    assert moments[-1] < end


def test_samples_that_are_no_numbers_are_left_out_whole():
    found = signal_of(np.arange(4.0), np.array([[1, 1], [np.nan, 2], [3, 3], [np.inf, np.nan]]))
    assert found.times.tolist() == [0, 2]
    assert (len(found), found.unusable) == (2, 2)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([0, 1, 1], r"must have times that rise: row 2 \(1 s\) follows 1 s; sort its rows, or mend its clock"),
        ([0, 2, 1.5], r"must have times that rise: row 2 \(1\.5 s\) follows 2 s"),
        ([0, np.nan, 2], r"must say in seconds when each sample was taken, and doesn't in row 1; mend"),
        ([0, 1], r"has 2 times for 3 samples; store one for each"),
    ],
)
def test_clocks_that_cant_be(times, message):
    with pytest.raises(StreamError, match=message):
        signal_of(np.array(times, float), np.ones((3, 1)))
