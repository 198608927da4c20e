"""Numbers over time: movements, physiology, frame features; of a constant rate, or each sample with its time.

Shapes: N samples, F numbers of each, P parts, T steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from fuselab.data.features.readers.read import read_array
from fuselab.data.paired import Array
from fuselab.data.streams.pool import POOLS, Pool, pooled
from fuselab.data.streams.signal import Interpolate, Signal, StreamError, at, grid, signal_of
from fuselab.data.streams.stream import Stream, Troubles
from fuselab.errors import ConfigError, nearest

NO_TIMES = np.zeros(0)  # of a constant rate
TABLES = (".csv", ".tsv", ".parquet", ".jsonl")


class NumberStream(Stream):
    """Vectors over time, pooled to one for an interval or for each of its parts, or kept step by step.

    A sample with a NaN counts for nothing. Where two samples are further apart than ``max_gap`` nothing is known
    between them.

    Args:
        file: with ``{recording}``: .npy, .npz, .h5, .safetensors, or a table as .csv, .tsv, .parquet or .jsonl
        array: its name in a file of several arrays, or None
        columns: of a table, those that hold the numbers, or None for arrays
        times: array or column of the seconds of each sample, or None where the rate is constant
        rate: samples a second where there are no times, or None
        start: seconds of the first sample where there are no times
        offset: seconds that are added to its clock
        offset_column: of the intervals, which says the same for each recording, or None
        size: numbers of a sample, F
        resample: samples a second that it is brought to, counted from the begin of each interval; None takes the
            samples as they are
        interpolate: ``linear`` between two samples, or the ``nearest``
        max_gap: seconds
        pool: ``mean``, ``max``, ``last``, or None: steps are kept
        parts: of an interval, P; 1 gives a vector
        steps: longest sequence, T, where steps are kept; a longer one loses its end

    Shape:
        - values: (F,); or (P, F) or (T, F) with a mask; float32

    Raises:
        ConfigError: settings that don't go together
    """

    scaled = True

    def __init__(
        self,
        *,
        file: str,
        array: str | None,
        columns: Sequence[str] | None,
        times: str | None,
        rate: float | None,
        start: float,
        offset: float,
        offset_column: str | None,
        size: int,
        resample: float | None,
        interpolate: Interpolate,
        max_gap: float,
        pool: Pool | None,
        parts: int,
        steps: int | None,
    ) -> None:
        super().__init__(file=file, offset=offset, offset_column=offset_column)
        of = f"of the stream {file}"
        if (times is None) == (rate is None):
            raise ConfigError(f"times ({times}) and rate ({rate}) {of} must not both be given or left out; give one")
        for name, value in (("rate", rate), ("resample", resample), ("max_gap", max_gap), ("size", size)):
            if value is not None and value <= 0:
                raise ConfigError(f"{name} ({value}) {of} must be above 0; raise it")
        if pool is not None and pool not in POOLS:
            raise ConfigError(f"pool ({pool}) {of} must be one of {', '.join(POOLS)}, or null; choose one")
        if interpolate not in get_args(Interpolate):
            ways = ", ".join(get_args(Interpolate))
            raise ConfigError(f"interpolate ({interpolate}) {of} must be one of {ways}; choose one")
        if parts < 1 or (pool is None and parts != 1):
            raise ConfigError(f"parts ({parts}) {of} must be 1 or more, and 1 where steps are kept; change it, or pool")
        if (steps is None) != (pool is not None) or (steps is not None and steps < 1):
            raise ConfigError(
                f"steps ({steps}) {of} must be the longest sequence where pool is null, and null elsewhere; "
                f"{'set it' if pool is None else 'set pool=null, or leave it out'}"
            )
        self.array = array
        self.columns = None if columns is None else tuple(columns)
        self.times = times
        self.rate = rate
        self.start = start
        self.size = size
        self.resample = resample
        self.interpolate: Interpolate = interpolate
        self.max_gap = max_gap
        self.pool = pool
        self.parts = parts
        self.steps = steps

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a padded sample."""
        if self.steps is not None:
            return (self.steps, self.size)
        return (self.size,) if self.parts == 1 else (self.parts, self.size)

    @property
    def dtype(self) -> type[np.generic]:
        """Numbers as models take them."""
        return np.float32

    @property
    def sequence(self) -> bool:
        """Whether there are steps or parts."""
        return len(self.shape) == 2

    def open(self, path: Path) -> Signal:
        """Read a recording."""
        values, times = self._table(path) if path.suffix.lower() in TABLES else self._arrays(path)
        values = self.numbers(values)
        if values.shape[1] != self.size:
            raise StreamError(f"must have {self.size} numbers a sample, and has {values.shape[1]}; set its size")
        if self.rate is not None:
            times = self.start + np.arange(len(values)) / self.rate
        return signal_of(times, values)

    def numbers(self, values: Array) -> Array:
        """Return what a file holds as numbers (N, F)."""
        if values.ndim == 1:
            values = values[:, None]
        if values.dtype.kind not in "fiub" or values.ndim != 2:
            raise StreamError(f"must hold numbers of shape (samples, numbers), and has {values.dtype} {values.shape}")
        return values

    def cut(self, opened: Signal, begin: float, end: float) -> tuple[Array, Array]:
        """Resample where asked, then pool or keep the steps."""
        if self.resample is None:
            piece = opened.between(begin, end)
        else:
            moments = grid(begin, end, self.resample)
            values, real = at(opened, moments, interpolate=self.interpolate, max_gap=self.max_gap)
            if self.pool is None:
                return values[: self.steps], real[: self.steps]
            piece = Signal(times=moments[real], values=values[real])
        if self.pool is None:
            return piece.values[: self.steps], np.ones(len(piece.values[: self.steps]), np.bool_)
        values, real = pooled(piece, begin, end, pool=self.pool, parts=self.parts)
        return (values, real) if self.sequence else (values[0], real[0])

    def told(self, opened: Signal, recording: str) -> Troubles:
        """Tell of gaps and of samples that are no numbers."""
        gaps = tuple((recording, *gap) for gap in opened.gaps(self.max_gap))
        return Troubles(gaps, ((recording, opened.unusable),) if opened.unusable else ())

    def _arrays(self, path: Path) -> tuple[Array, Array]:
        return read_array(path, self.array), NO_TIMES if self.times is None else read_array(path, self.times)

    def _table(self, path: Path) -> tuple[Array, Array]:
        import pandas as pd

        try:
            if path.suffix.lower() == ".parquet":
                table = pd.read_parquet(path)
            elif path.suffix.lower() == ".jsonl":
                table = pd.read_json(path, lines=True)
            else:
                table = pd.read_csv(path, sep="\t" if path.suffix.lower() == ".tsv" else ",")
        except Exception as error:  # of pandas or Arrow, by the kind of file and of fault
            raise StreamError(f"isn't a whole table ({' '.join(str(error).split())[:120]})") from error
        asked = [*(self.columns or ()), *([] if self.times is None else [self.times])]
        for column in asked:
            if column not in table.columns:
                raise StreamError(f"must have the column '{column}'; {nearest(column, map(str, table.columns))}")
        if not self.columns:
            raise StreamError("is a table: name the columns of its numbers in `columns`")
        values = self.cells(table[list(self.columns)])
        if self.times is None:
            return values, NO_TIMES
        return values, pd.to_numeric(table[self.times], errors="coerce").to_numpy(np.float64)

    def cells(self, table: Any) -> Array:
        """Return cells of a table as numbers; one that is empty or none is NaN."""
        import pandas as pd

        found: Array = table.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
        return found
