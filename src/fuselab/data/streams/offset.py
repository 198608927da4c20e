"""By how much one clock runs behind another: estimated from what both streams saw, and offered, never applied.

Shapes: N samples, T moments of a common grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fuselab.data.paired import Array
from fuselab.data.streams.signal import Signal, at
from fuselab.errors import DataError

LEAST = 0.5  # share of the shorter stream that has to overlap, for a few samples correlate by chance


@dataclass(frozen=True, kw_only=True)
class Offset:
    """What to add to a stream's clock.

    Args:
        seconds: to be added, as ``offset`` of a stream is
        correlation: of both streams where they fit best, up to 1; a low one says that nothing fits
    """

    seconds: float
    correlation: float


def estimate_offset(reference: Signal, other: Signal, *, rate: float, longest: float, max_gap: float) -> Offset:
    """Shift one stream until it correlates best with another one.

    Both are read at a common rate; the correlation at each shift is that of the moments at which both have a value, and
    the best shift is refined between grid moments by a parabola. Both have to rise and fall with the same events, such
    as a movement and its sound; which of a stream's numbers does is for you to say.

    Args:
        reference: whose clock is right, one number a sample
        other: whose clock is to be corrected, one number a sample
        rate: moments a second at which both are compared
        longest: seconds by which the clocks may differ
        max_gap: seconds; longer ones are left out

    Raises:
        DataError: streams of several numbers a sample, or that share too little

    Example:
        >>> times = np.arange(0, 20, 0.05)
        >>> claps = np.exp(-((times % 7.3) - 3) ** 2)[:, None]
        >>> late = Signal(times=times + 0.4, values=claps)
        >>> found = estimate_offset(Signal(times=times, values=claps), late, rate=20, longest=2.0, max_gap=1.0)
        >>> round(found.seconds, 3), round(found.correlation, 3)
        (-0.4, 1.0)

    Reference:
        Knapp and Carter (1976), The Generalized Correlation Method for Estimation of Time Delay, equation 3.
    """
    for name, one in (("reference", reference), ("other", other)):
        if one.values.shape[1] != 1 or len(one) < 2:
            raise DataError(
                f"the {name} stream ({len(one)} samples of {one.values.shape[1]} numbers) must have two samples of one "
                "number at least; choose the number that shows the events"
            )
    begin = min(reference.times[0], other.times[0]) - longest
    end = max(reference.times[-1], other.times[-1]) + longest
    moments = begin + np.arange(int(np.ceil((end - begin) * rate)) + 1) / rate
    (a, real_a), (b, real_b) = (_centred(one, moments, max_gap) for one in (reference, other))
    overlap = _correlated(real_a, real_b)
    together = _correlated(a, b)
    energy = _correlated(a**2, real_b) * _correlated(real_a, b**2)
    lags = np.fft.fftfreq(len(overlap), 1 / len(overlap)).round().astype(int)
    fair = (np.abs(lags) <= longest * rate) & (overlap >= LEAST * min(real_a.sum(), real_b.sum())) & (energy > 1e-12)
    if not fair.any():
        raise DataError(
            f"the streams ({reference.times[0]:g} to {reference.times[-1]:g} s, {other.times[0]:g} to "
            f"{other.times[-1]:g} s) must share half of the shorter one within {longest:g} s; give more of them"
        )
    correlation = np.where(fair, together / np.sqrt(np.where(fair, energy, 1.0)), -np.inf)
    best = int(correlation.argmax())
    lag = lags[best] + _vertex(*(correlation[(best + step) % len(correlation)] for step in (-1, 0, 1)))
    return Offset(seconds=-float(lag) / rate, correlation=float(min(correlation[best], 1.0)))


def _centred(signal: Signal, moments: Array, max_gap: float) -> tuple[Array, Array]:
    values, real = at(signal, moments, interpolate="linear", max_gap=max_gap)
    numbers = values[:, 0]
    return np.where(real, numbers - numbers[real].mean(), 0.0), real.astype(np.float64)


def _correlated(a: Array, b: Array) -> Array:
    """Return the sum over t of a(t) b(t + lag), lags in the order of ``numpy.fft.fftfreq``."""
    # The grid reaches `longest` beyond both streams, so no lag that counts wraps around.
    return np.fft.irfft(np.conj(np.fft.rfft(a)) * np.fft.rfft(b), len(a))


def _vertex(left: float, middle: float, right: float) -> float:
    """Return where between -0.5 and 0.5 a parabola through three points has its top."""
    bend = left - 2 * middle + right
    return 0.0 if not np.isfinite(bend) or bend >= 0 else float(np.clip((left - right) / (2 * bend), -0.5, 0.5))
