"""When each sample begins and ends: words, segments or utterances as a table says, or windows cut over them.

Shapes: R rows of the table, S samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fuselab.data.manifest.column import is_empty
from fuselab.data.paired import Array
from fuselab.data.streams.signal import CLOSE
from fuselab.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """Stretches of recordings.

    Args:
        recording: (S,) names
        begin: (S,) seconds
        end: (S,) seconds
        row: (S,) of the table, which tells the rest of each
    """

    recording: Array
    begin: Array
    end: Array
    row: Array

    def __len__(self) -> int:
        return len(self.row)

    def by_recording(self) -> dict[str, Array]:
        """Return the numbers of each recording's samples, recordings in the order in which they come."""
        names, first, number = np.unique(self.recording, return_index=True, return_inverse=True)
        rows = np.split(np.argsort(number, kind="stable"), np.cumsum(np.bincount(number))[:-1])
        return {str(names[one]): rows[one] for one in np.argsort(first).tolist()}

    def taken(self, chosen: Array) -> Intervals:
        """Return some of them."""
        return Intervals(
            recording=self.recording[chosen], begin=self.begin[chosen], end=self.end[chosen], row=self.row[chosen]
        )


def intervals_of(cells: Mapping[str, Sequence[Any]], columns: Mapping[str, str]) -> tuple[Intervals, dict[int, str]]:
    """Read the rows of a table.

    Args:
        cells: by column
        columns: of ``recording``, ``begin`` and ``end``

    Returns:
        the intervals of the rows that have one, and why the others have none

    Example:
        >>> cells = {"video": ["a", "a"], "from": ["0.5", "3"], "to": ["2", "1"]}
        >>> found, broken = intervals_of(cells, {"recording": "video", "begin": "from", "end": "to"})
        >>> found.begin.tolist(), broken
        ([0.5], {1: 'ends (1 s) before it begins (3 s)'})
    """
    names = ["" if is_empty(cell) else str(cell).strip() for cell in cells[columns["recording"]]]
    times = {key: np.array([_seconds(cell) for cell in cells[columns[key]]]) for key in ("begin", "end")}
    broken: dict[int, str] = {}
    for row, (name, begin, end) in enumerate(zip(names, times["begin"], times["end"], strict=True)):
        if not name:
            broken[row] = f"names no recording in '{columns['recording']}'"
        elif not np.isfinite(begin) or not np.isfinite(end):
            lacking = columns["end" if np.isfinite(begin) else "begin"]
            broken[row] = f"has no seconds in '{lacking}' ({str(cells[lacking][row])[:40]!r})"
        elif end <= begin:
            broken[row] = f"ends ({end:g} s) before it begins ({begin:g} s)"
    rows = np.array([row for row in range(len(names)) if row not in broken], dtype=np.int64)
    found = Intervals(
        recording=np.array(names, dtype=str)[rows], begin=times["begin"][rows], end=times["end"][rows], row=rows
    )
    return found, broken


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Stretches of one length, cut over each recording from its first interval's begin to its last one's end.

    A window takes its target from the interval that fills most of it, the earlier one where two do.

    Args:
        length: seconds
        stride: seconds from the begin of a window to that of the next one
        cover: least share of a window that its interval has to fill; windows that have none are left out

    Raises:
        ConfigError: a length or stride that is none, or another share

    Example:
        >>> words = Intervals(
        ...     recording=np.array(["a", "a"]), begin=np.array([0.0, 1.2]), end=np.array([1.2, 3.0]), row=np.arange(2)
        ... )
        >>> cut, _ = Windows(length=1.0, stride=1.0, cover=0.5).cut(words)
        >>> cut.begin.tolist(), cut.row.tolist()
        ([0.0, 1.0, 2.0], [0, 1, 1])
    """

    length: float
    stride: float
    cover: float

    def __post_init__(self) -> None:
        for name, value in (("length", self.length), ("stride", self.stride)):
            if value <= 0:
                raise ConfigError(f"data.source.windows.{name} ({value}) must be above 0; set seconds")
        if not 0 < self.cover <= 1:
            raise ConfigError(f"data.source.windows.cover ({self.cover}) must be above 0 and at most 1; change it")

    def cut(self, intervals: Intervals) -> tuple[Intervals, int]:
        """Return the windows, and how many are left out because no interval fills enough of them."""
        parts, empty = [], 0
        for name, samples in intervals.by_recording().items():
            mine = intervals.taken(samples)
            order = np.lexsort((mine.row, mine.begin))
            first, last = mine.begin.min(), mine.end.max()
            count = int(np.floor((last - first - self.length + CLOSE) / self.stride)) + 1
            begin = first + np.arange(max(0, count)) * self.stride
            for moment in begin.tolist():
                filled = np.minimum(mine.end[order], moment + self.length) - np.maximum(mine.begin[order], moment)
                best = int(np.argmax(filled > filled.max() - CLOSE))  # of equals the earlier one
                if filled[best] >= self.cover * self.length - CLOSE:
                    parts.append((name, moment, moment + self.length, int(mine.row[order][best])))
                else:
                    empty += 1
        names, begins, ends, rows = zip(*parts, strict=True) if parts else ((), (), (), ())
        cut = Intervals(
            recording=np.array(names, dtype=str),
            begin=np.array(begins, dtype=np.float64),
            end=np.array(ends, dtype=np.float64),
            row=np.array(rows, dtype=np.int64),
        )
        return cut, empty


def _seconds(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return float("nan")
