"""Cut every sample out of every stream, recording by recording, and account for what there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fuselab.data.manifest.column import is_empty
from fuselab.data.paired import Array
from fuselab.data.progress import progress_bar
from fuselab.data.streams.intervals import Intervals
from fuselab.data.streams.signal import StreamError
from fuselab.data.streams.stream import Stream, Troubles
from fuselab.errors import DataError, FuselabError

SHOWN = 3  # recordings or samples that a line names
NewArray = Callable[[str, Any, tuple[int, ...]], Array]


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What became of the streams; their arrays are written.

    Args:
        account: of each stream, a line each
        notes: what a user should look at, a line each
        broken: recording, stream and reason of each file that can't be used
    """

    account: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    broken: list[tuple[str, str, str]] = field(default_factory=list)


def cut_streams(
    samples: Intervals, streams: Mapping[str, Stream], folder: Path, cells: Mapping[str, Any], new_array: NewArray
) -> Cut:
    """Write ``NAME.values``, ``NAME.present`` and, of sequences, ``NAME.mask`` for every stream.

    Args:
        samples: where to cut
        streams: what to cut
        folder: of their files
        cells: of the table of intervals, by column
        new_array: makes an array of zeros of a name, type and shape

    Raises:
        DataError: a stream without a file for any recording, or two offsets for one
    """
    found = Cut()
    files = len(set(samples.recording.tolist())) * len(streams)
    with progress_bar("Cutting streams (files)", total=files) as show:
        for place, (name, stream) in enumerate(streams.items()):
            offsets = _offsets(name, stream, samples, cells)
            begun = place * len(offsets)
            for done in _cut_one(name, stream, offsets, samples, folder, new_array, found):
                show(begun + done)
    return found


def _cut_one(
    name: str,
    stream: Stream,
    offsets: Mapping[str, float],
    samples: Intervals,
    folder: Path,
    new_array: NewArray,
    found: Cut,
) -> Iterator[int]:
    """Cut one stream, and say after each recording how many are done."""
    count = len(samples)
    values = new_array(f"{name}.values", stream.dtype, (count, *stream.shape))
    present = new_array(f"{name}.present", np.bool_, (count,))
    mask = new_array(f"{name}.mask", np.bool_, (count, stream.shape[0])) if stream.sequence else None
    absent, troubles = [], Troubles()
    wrong: dict[str, str] = {}
    samples_of = samples.by_recording()
    for done, (recording, offset) in enumerate(offsets.items(), start=1):
        yield done
        rows = samples_of[recording]
        try:
            path = stream.path(folder, recording)
            if not path.is_file():
                absent.append(recording)
                continue
            opened = stream.open(path)
            for row in rows.tolist():
                # A clock that runs late is put forward: the interval stands earlier on the stream's own clock.
                piece, real = stream.cut(opened, samples.begin[row] - offset, samples.end[row] - offset)
                present[row] = bool(real.any())
                if mask is None:
                    values[row] = piece
                else:
                    values[row, : len(piece)] = np.where(real.reshape(-1, *[1] * (piece.ndim - 1)), piece, 0)
                    mask[row, : len(real)] = real
            troubles += stream.told(opened, recording)
        except (StreamError, FuselabError) as error:
            values[rows], present[rows] = 0, False
            if mask is not None:
                mask[rows] = False
            wrong[recording] = str(error)
    if len(absent) == len(offsets):
        first = stream.path(folder, absent[0])
        raise DataError(
            f"the stream '{name}' ({stream.file}) must have a file for a recording at least, such as {first}; correct "
            "its file, or data.folder"
        )
    found.account.append(f"{name}: there in {int(present.sum()):,} of {count:,} samples{_corrected(offsets)}")
    found.notes.extend(_notes(name, samples, present, absent, troubles, wrong))
    found.broken.extend((recording, name, why) for recording, why in wrong.items())


def _offsets(name: str, stream: Stream, samples: Intervals, cells: Mapping[str, Any]) -> dict[str, float]:
    """Return what is added to the stream's clock in each recording."""
    offsets: dict[str, float] = {}
    for recording, row in zip(samples.recording.tolist(), samples.row.tolist(), strict=True):
        more = 0.0
        if stream.offset_column is not None:
            cell = cells[stream.offset_column][row]
            try:
                more = 0.0 if is_empty(cell) else float(cell)
            except ValueError as error:
                raise DataError(
                    f"the offset of '{name}' ({cell!r} in row {row}) must be seconds; mend the column "
                    f"'{stream.offset_column}'"
                ) from error
        seconds = stream.offset + more
        if offsets.setdefault(recording, seconds) != seconds:
            raise DataError(
                f"the offset of '{name}' in recording {recording} ({offsets[recording]:g} and {seconds:g} s, the "
                f"latter in row {row}) must be one for all its intervals; mend the column '{stream.offset_column}'"
            )
    return offsets


def _corrected(offsets: Mapping[str, float]) -> str:
    low, high = min(offsets.values()), max(offsets.values())
    if low == high == 0:
        return ""
    return f"; {low:g} s added to its clock" if low == high else f"; {low:g} to {high:g} s added to its clock"


def _notes(
    name: str, samples: Intervals, present: Array, absent: list[str], troubles: Troubles, wrong: Mapping[str, str]
) -> list[str]:
    notes = []
    if absent:
        lost = int(np.isin(samples.recording, absent).sum())
        files = f"{_count(len(absent), 'recording')} ({_some(absent)})"
        notes.append(f"{name} has no file for {files}: missing in {_count(lost, 'sample')}")
    if troubles.gaps:
        recording, begin, length = max(troubles.gaps, key=lambda gap: gap[2])
        notes.append(
            f"{name} has {_count(len(troubles.gaps), 'gap')}; the longest, {length:.3g} s, in {recording} after "
            f"{begin:.3g} s of its clock"
        )
    if troubles.unusable:
        lost = sum(count for _, count in troubles.unusable)
        files = _some([recording for recording, _ in troubles.unusable])
        notes.append(f"{name}: {_count(lost, 'sample')} NaN or empty in {files}, taken as not there")
    without = np.flatnonzero(~np.asarray(present) & ~np.isin(samples.recording, [*absent, *wrong]))
    if len(without):
        places = [f"{samples.recording[row]} at {samples.begin[row]:g} s" for row in without.tolist()]
        notes.append(f"{name} has nothing in {_count(len(without), 'sample')}: {_some(places)}")
    return notes


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _some(given: list[str]) -> str:
    return ", ".join(given[:SHOWN]) + (f" and {len(given) - SHOWN:,} more" if len(given) > SHOWN else "")
