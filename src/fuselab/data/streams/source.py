"""Recordings of several streams as paired data: every interval a sample, cut out of each stream by its own clock.

Shapes: S samples.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.lib.format import open_memmap
from rich.console import Console

from fuselab.data.cache import cached_folder, stored_arrays
from fuselab.data.fingerprint import fingerprint
from fuselab.data.manifest.column import Chunk, Column, Files
from fuselab.data.manifest.read import open_manifest
from fuselab.data.manifest.target import Target
from fuselab.data.paired import SPLITS, Array, PairedData, Split
from fuselab.data.splits.base import RowNumbers, Rows, Splitter, split_hash
from fuselab.data.standardise import standardised
from fuselab.data.streams.cutting import Cut, cut_streams
from fuselab.data.streams.intervals import Intervals, Windows, intervals_of
from fuselab.data.streams.leakage import refuse_overlap
from fuselab.data.streams.stream import RECORDING, Stream
from fuselab.errors import ConfigError, DataError, nearest

VERSION = 1  # of what a cached folder holds; raise it when that changes
OnError = Literal["raise", "missing", "skip"]
NAMED = 10  # things that can't be used and an error names
ROLES = ("recording", "begin", "end")
SAID = "said.json"


class Streams:
    """Intervals of recordings.

    A sample that lies in no stretch of a stream lacks the modality. What a stream's file holds is read once, cut and
    kept in the cache.

    Args:
        name: of the data
        folder: that the files of the streams are in
        intervals: ``file``, a CSV, Parquet or JSON Lines table of a row an interval, and its columns ``recording``,
            ``begin`` and ``end`` in seconds
        windows: ``length``, ``stride`` and ``cover`` of windows that become the samples; None for the intervals
        modalities: streams, and columns of the table of intervals
        target: what is to be predicted, from the table of intervals
        split: shares the samples out
        columns: names of the table's columns that hold ``group``, ``time`` and ``split``; the group of None is the
            recording
        on_error: of a file or a row that can't be used: ``raise`` ends with all of them named, ``missing`` takes the
            modality as missing in that recording, ``skip`` leaves its samples out; a row without target or interval is
            left out by both
        standardise: numbers by mean and deviation of their real train values

    Raises:
        ConfigError: no modality, a table that isn't bound, or windows that can't be
    """

    def __init__(
        self,
        *,
        name: str,
        folder: str,
        intervals: Mapping[str, str],
        windows: Mapping[str, float] | None,
        modalities: Mapping[str, Stream | Column],
        target: Target,
        split: Splitter,
        columns: Mapping[str, str | None],
        on_error: OnError,
        standardise: bool,
    ) -> None:
        if not any(isinstance(one, Stream) for one in modalities.values()):
            raise ConfigError(
                f"data.source.modalities ({', '.join(modalities) or 'none'}) must bind a stream at least; see "
                "conf/data/streams.yaml"
            )
        if on_error not in get_args(OnError):
            raise ConfigError(f"data.source.on_error ({on_error}) must be one of {', '.join(get_args(OnError))}")
        for key in ("file", *ROLES):
            if not isinstance(intervals.get(key), str):
                raise ConfigError(f"data.source.intervals.{key} ({intervals.get(key)}) must be named; set it")
        for key in intervals:
            if key not in ("file", *ROLES):
                raise ConfigError(f"data.source.intervals.{key} must be a known key; {nearest(key, ('file', *ROLES))}")
        self.name = name
        self.folder = Path(folder).expanduser()
        self.file = Path(intervals["file"]).expanduser()  # a whole path stands for itself
        self.bound = {key: intervals[key] for key in ROLES}
        self.windows = None if windows is None else Windows(**windows)
        self.streams = {one: made for one, made in modalities.items() if isinstance(made, Stream)}
        self.cells = {one: made for one, made in modalities.items() if isinstance(made, Column)}
        self.order = tuple(modalities)
        self.target = target
        self.splitter = split
        self.columns = {key: columns.get(key) for key in ("group", "time", "split")}
        self.on_error = on_error
        self.standardise = standardise
        self._told = False

    def load(self) -> PairedData:
        """Return the data.

        Raises:
            DataError: a table or files that can't be used, or samples that can't be split
        """
        file = self.folder / self.file
        table = open_manifest(file, self._needed(), key="data.source.intervals.file")
        cells = table[:]
        samples, broken, left_out = self._samples(cells)
        targets = self.target.decode(cells)
        broken |= {row: f"the target {why}" for row, why in targets.broken.items() if row not in broken}
        samples = samples.taken(np.array([row not in broken for row in samples.row.tolist()], dtype=bool))
        if not len(samples):
            raise DataError(f"the intervals ({file}) must give a sample; look at their columns, and at windows")
        chunks = {name: column.decode(cells, Files(file.parent)) for name, column in self.cells.items()}
        spoilt = [(row, f"{name} {why}") for name, chunk in chunks.items() for row, why in chunk.broken.items()]
        folder = cached_folder(f"streams-{self._key(samples, cells)}", lambda one: self._build(one, samples, cells))
        said = json.loads((folder / SAID).read_text(encoding="utf-8"))
        wrong = (
            *(f"row {row} of {file.name}: {why}" for row, why in sorted([*broken.items(), *spoilt])),
            *(f"{where} of {recording}: {why}" for recording, where, why in said["broken"]),
        )
        kept = self._kept(samples, wrong, {one[0] for one in said["broken"]}, {row for row, _ in spoilt})
        by = self.columns["group"]
        group = samples.recording if by is None else np.asarray(cells[by])[samples.row]
        drawn = self.splitter.split(self._rows(samples.taken(kept), targets.values, group[kept], cells))
        parts = {split: kept[numbers] for split, numbers in drawn.items()}
        refuse_overlap(samples, parts)
        splits = self._splits(stored_arrays(folder), samples, chunks, targets.values, group, parts)
        account = (_account(samples, left_out, self.windows), *said["account"])
        notes = (*wrong, *said["notes"])
        self._tell(account, notes)
        return PairedData(
            name=self.name,
            splits=splits,
            slices=(),
            fingerprint=fingerprint(splits),
            split_hash=split_hash(parts),
            notes=notes,
            account=account,
        )

    def _needed(self) -> list[str]:
        offsets = [one.offset_column for one in self.streams.values()]
        bound = [name for column in self.cells.values() for name in column.columns]
        optional = filter(None, [*offsets, *self.columns.values()])
        return list(dict.fromkeys([*self.bound.values(), *bound, *self.target.columns, *optional]))

    def _samples(self, cells: Mapping[str, Any]) -> tuple[Intervals, dict[int, str], int]:
        found, broken = intervals_of(cells, self.bound)
        if self.windows is None:
            return found, broken, 0
        cut, left_out = self.windows.cut(found)
        return cut, broken, left_out

    def _key(self, samples: Intervals, cells: Mapping[str, Any]) -> str:
        """Return a name for what is cut: where, out of which files as they are now, and how."""
        digest = hashlib.sha256(str(VERSION).encode())
        for array in (samples.recording, samples.begin, samples.end, samples.row):
            digest.update(np.ascontiguousarray(array).tobytes())
        for name, stream in self.streams.items():
            digest.update(f"{name}|{type(stream).__qualname__}|{json.dumps(vars(stream), sort_keys=True)}".encode())
            if stream.offset_column is not None:
                digest.update(json.dumps(list(cells[stream.offset_column]), default=str).encode())
            for recording in dict.fromkeys(samples.recording.tolist()):
                path = self.folder / stream.file.replace(RECORDING, recording)
                if path.is_file():
                    stat = path.stat()
                    digest.update(f"{path}|{stat.st_size}|{stat.st_mtime_ns}".encode())
        return digest.hexdigest()[:16]

    def _build(self, folder: Path, samples: Intervals, cells: Mapping[str, Any]) -> None:
        def array(name: str, dtype: Any, shape: tuple[int, ...]) -> Array:
            return open_memmap(folder / f"{name}.npy", "w+", dtype, shape)

        found: Cut = cut_streams(samples, self.streams, self.folder, cells, array)
        (folder / SAID).write_text(json.dumps(vars(found)), encoding="utf-8")

    def _kept(self, samples: Intervals, wrong: tuple[str, ...], recordings: set[str], rows: set[int]) -> RowNumbers:
        """Return the samples that are used, or refuse the data.

        Args:
            samples: that have an interval and a target
            wrong: all that can't be used
            recordings: of which a file can't be used
            rows: of the table, of which a cell can't be used
        """
        if wrong and self.on_error == "raise":
            more = f"\n  and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
            named = "\n".join(f"  {one}" for one in wrong[:NAMED])
            raise DataError(
                f"{self.name} must hold rows and files that can be used, and {len(wrong)} can't; mend them, or set "
                f"data.source.on_error=missing or skip:\n{named}{more}"
            )
        kept = np.arange(len(samples))
        if self.on_error == "skip":
            lost = np.isin(samples.recording, sorted(recordings)) | np.isin(samples.row, sorted(rows))
            kept = np.flatnonzero(~lost)
        if not len(kept):
            raise DataError(f"{self.name} must have a sample that can be used; see data.source.on_error")
        return kept

    def _rows(self, samples: Intervals, targets: Array, group: Array, cells: Mapping[str, Any]) -> Rows:
        named = {key: self.columns[key] for key in ("time", "split")}
        asked = {key: None if name is None else np.asarray(cells[name])[samples.row] for key, name in named.items()}
        return Rows(
            samples=len(samples),
            target=targets[samples.row],
            group=group,
            time=asked["time"],
            column=asked["split"],
        )

    def _splits(
        self,
        arrays: Mapping[str, Array],
        samples: Intervals,
        chunks: Mapping[str, Chunk],
        targets: Array,
        group: Array,
        parts: Mapping[str, RowNumbers],
    ) -> dict[str, Split]:
        values: dict[str, Array] = {name: arrays[f"{name}.values"] for name in self.streams}
        present = {name: np.asarray(arrays[f"{name}.present"]) for name in self.streams}
        masks = {name: arrays[f"{name}.mask"] for name in self.streams if f"{name}.mask" in arrays}
        for name, chunk in chunks.items():
            read = np.array(chunk.values)[samples.row]
            present[name] = chunk.present[samples.row]
            values[name] = self.cells[name].settle(read, present[name], parts["train"])
            if chunk.lengths is not None:
                masks[name] = np.arange(read.shape[1]) < chunk.lengths[samples.row][:, None]
        scaled = [name for name, one in self.streams.items() if self.standardise and one.scaled]
        splits = {}
        for split in SPLITS:
            numbers = parts[split]
            splits[split] = Split(
                values={name: values[name][numbers] for name in self.order},
                present={name: present[name][numbers] for name in self.order},
                target=targets[samples.row[numbers]],
                slice=None,
                masks={name: mask[numbers] for name, mask in masks.items()},
                group=group[numbers],
            )
        return standardised(splits, scaled)

    def _tell(self, account: tuple[str, ...], notes: tuple[str, ...]) -> None:
        """Print how the samples came about, once."""
        if self._told:
            return
        self._told = True
        console = Console(stderr=True, highlight=False, markup=False)
        console.print(f"{self.name}: {account[0]}", soft_wrap=True)
        for one in (*account[1:], *notes):
            console.print(f"  {one}", soft_wrap=True)


def _account(samples: Intervals, left_out: int, windows: Windows | None) -> str:
    recordings = len(set(samples.recording.tolist()))
    length = samples.end - samples.begin
    said = f"{len(samples):,} samples of {recordings:,} recordings, {length.min():.3g} to {length.max():.3g} s long"
    if windows is None:
        return said
    said += f": windows every {windows.stride:g} s"
    return f"{said}; {left_out:,} that no interval fills to {windows.cover:.0%} are left out" if left_out else said
