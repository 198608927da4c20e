"""What a stream recorded: when, and what.

Shapes: N samples, F numbers of each, T moments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fuselab.data.paired import Array

Interpolate = Literal["linear", "nearest"]
CLOSE = 1e-6  # seconds that are no difference: clocks are stored in tenths of microseconds at best


class StreamError(Exception):
    """Why a file of a stream can't be used, in words that follow its recording and name."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """Samples in time.

    Args:
        times: (N,) seconds, rising
        values: (N, F), finite
        unusable: how many samples were NaN or infinite, and are left out
    """

    times: Array
    values: Array
    unusable: int = 0

    def __len__(self) -> int:
        return len(self.times)

    def between(self, begin: float, end: float) -> Signal:
        """Return the samples from a moment on and before another, so that neighbours never share one."""
        first, last = np.searchsorted(self.times, (begin - CLOSE, end - CLOSE))
        return Signal(times=self.times[first:last], values=self.values[first:last])

    def gaps(self, longest: float) -> list[tuple[float, float]]:
        """Return begin and length of each stretch without a sample that is longer than allowed."""
        steps = np.diff(self.times)
        return [(float(self.times[place]), float(steps[place])) for place in np.flatnonzero(steps > longest + CLOSE)]


def signal_of(times: Array, values: Array) -> Signal:
    """Check a clock, and leave out samples that hold a number that is none.

    Args:
        times: (N,) seconds
        values: (N, F)

    Raises:
        StreamError: times that are unknown or don't rise, or not one for each sample

    Example:
        >>> signal_of(np.array([0.0, 0.5, 1.0]), np.array([[1.0], [np.nan], [3.0]])).times.tolist()
        [0.0, 1.0]
    """
    times = np.asarray(times, np.float64).reshape(-1)
    if len(times) != len(values):
        raise StreamError(f"has {len(times)} times for {len(values)} samples; store one for each")
    if not np.isfinite(times).all():
        row = int(np.flatnonzero(~np.isfinite(times))[0])
        raise StreamError(
            f"must say in seconds when each sample was taken, and doesn't in row {row}; mend or remove it"
        )
    back = np.flatnonzero(np.diff(times) <= 0)
    if len(back):
        row = int(back[0]) + 1
        raise StreamError(
            f"must have times that rise: row {row} ({times[row]:g} s) follows {times[row - 1]:g} s; sort its rows, or "
            "mend its clock"
        )
    values = np.asarray(values, np.float64)
    known = np.isfinite(values).all(1)
    return Signal(times=times[known], values=values[known], unusable=int((~known).sum()))


def at(signal: Signal, moments: Array, *, interpolate: Interpolate, max_gap: float) -> tuple[Array, Array]:
    """Return a signal's values at other moments, and where it has any.

    It has none before its first sample, after its last one, and between two that are further apart than allowed.

    Args:
        signal: what was recorded
        moments: (T,) seconds
        interpolate: ``linear`` between the two samples around a moment, or the ``nearest``, of two the earlier one
        max_gap: seconds

    Returns:
        (T, F) and (T,) bool

    Example:
        >>> ramp = Signal(times=np.array([0.0, 1.0, 5.0]), values=np.array([[0.0], [10.0], [50.0]]))
        >>> values, real = at(ramp, np.array([0.5, 3.0, 6.0]), interpolate="linear", max_gap=2.0)
        >>> values[:, 0].tolist(), real.tolist()
        ([5.0, 0.0, 0.0], [True, False, False])
    """
    values = np.zeros((len(moments), signal.values.shape[1]))
    if not len(signal):
        return values, np.zeros(len(moments), np.bool_)
    times = signal.times
    after = np.searchsorted(times, moments - CLOSE).clip(0, len(times) - 1)
    hit = np.abs(times[after] - moments) <= CLOSE
    before = np.where(hit, after, (after - 1).clip(0))
    real = hit | (
        (times[before] < moments) & (moments < times[after]) & (times[after] - times[before] <= max_gap + CLOSE)
    )
    width = np.where(after == before, 1.0, times[after] - times[before])
    share = np.where(hit, 0.0, (moments - times[before]) / width)
    if interpolate == "nearest":
        share = np.where(share > 0.5, 1.0, 0.0)
    share = share[:, None]
    mixed = signal.values[before] * (1 - share) + signal.values[after] * share
    return np.where(real[:, None], mixed, values), real


def grid(begin: float, end: float, rate: float) -> Array:
    """Return the moments from a begin on and before an end, at a rate.

    Example:
        >>> grid(1.0, 1.5, 4).tolist()
        [1.0, 1.25]
    """
    return begin + np.arange(max(1, int(np.ceil((end - begin - CLOSE) * rate)))) / rate
