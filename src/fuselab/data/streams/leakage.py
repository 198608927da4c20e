"""The same seconds of a recording in two splits.

Shapes: S samples.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fuselab.data.paired import Array
from fuselab.data.streams.intervals import Intervals
from fuselab.data.streams.signal import CLOSE
from fuselab.errors import DataError


def refuse_overlap(samples: Intervals, parts: Mapping[str, Array]) -> None:
    """Refuse a split that puts the same seconds of a recording into two splits.

    Args:
        samples: all of them
        parts: numbers of the samples of each split

    Raises:
        DataError: samples of two splits that overlap
    """
    part = np.full(len(samples), -1)
    for number, numbers in enumerate(parts.values()):
        part[numbers] = number
    two = overlapping(samples, part)
    if two is not None:
        said = [f"{samples.begin[one]:g} to {samples.end[one]:g} s in {list(parts)[part[one]]}" for one in two]
        raise DataError(
            f"the split (of {samples.recording[two[0]]}: {', '.join(said)}) must not have the same seconds in two "
            "splits, for then the test asks what training saw; choose "
            "split@data.source.split=grouped, which keeps recordings whole, or cut windows that don't overlap"
        )


def overlapping(intervals: Intervals, part: Array) -> tuple[int, int] | None:
    """Return two samples of different parts that share some time of a recording, or None.

    Args:
        intervals: of the samples
        part: (S,) number of the split of each, below 0 for none

    Example:
        >>> a = Intervals(
        ...     recording=np.array(["a", "a"]), begin=np.array([0.0, 1.0]), end=np.array([2.0, 3.0]), row=np.arange(2)
        ... )
        >>> overlapping(a, np.array([0, 1])), overlapping(a, np.array([1, 1]))
        ((0, 1), None)
    """
    latest: dict[int, int] = {}  # of each part the sample that ends last, in this recording so far
    before = None
    for sample in np.lexsort((intervals.begin, intervals.recording)).tolist():
        if intervals.recording[sample] != before:
            latest, before = {}, intervals.recording[sample]
        mine = int(part[sample])
        if mine < 0:
            continue
        for other, one in latest.items():
            if other != mine and intervals.end[one] > intervals.begin[sample] + CLOSE:
                return one, sample
        if mine not in latest or intervals.end[sample] > intervals.end[latest[mine]]:
            latest[mine] = sample
    return None
