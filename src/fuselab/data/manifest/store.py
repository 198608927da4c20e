"""Decode every row of a manifest once, into arrays on disk that every run maps into memory.

What can't be used is found here, before any training, and all of it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from fuselab.data.manifest.column import Chunk, Column
from fuselab.data.manifest.opened import Opened
from fuselab.data.manifest.target import Target
from fuselab.data.paired import Array
from fuselab.data.progress import progress_bar

CHUNK = 1024  # rows that are decoded before they are written


@dataclass(frozen=True, kw_only=True)
class Broken:
    """What can't be used.

    Args:
        row: of the manifest, from 0, the header not counted
        where: modality, or ``target``
        reason: in words that follow them
        key: of the row, where it has one
    """

    row: int
    where: str
    reason: str
    key: str | None = None

    def __str__(self) -> str:
        named = "" if self.key is None else f" ({self.key})"
        return f"row {self.row}{named}, {self.where}: {self.reason}"


def store(folder: Path, opened: Opened, modalities: Mapping[str, Column], target: Target) -> list[Broken]:
    """Decode a manifest into a folder, and return what can't be used; such a row lacks the modality there.

    Args:
        folder: to write into
        opened: the manifest
        modalities: columns of each
        target: what is to be predicted
    """
    rows = opened.rows
    writers = {name: _Writer(folder, name, len(rows)) for name in modalities}
    goal = _Writer(folder, "target", len(rows))
    broken: list[Broken] = []
    with progress_bar("Reading the manifest (rows)", total=len(rows)) as show:
        for begin in range(0, len(rows), CHUNK):
            cells = rows[begin : begin + CHUNK]
            for name, column in modalities.items():
                chunk = column.decode(cells, opened.files(column))
                writers[name].write(chunk)
                broken += [Broken(row=begin + row, where=name, reason=why) for row, why in chunk.broken.items()]
            targets = target.decode(cells)
            goal.write(Chunk(values=targets.values, present=np.ones(len(targets.values), np.bool_)))
            broken += [Broken(row=begin + row, where="target", reason=why) for row, why in targets.broken.items()]
            show(min(begin + CHUNK, len(rows)))
    for writer in (*writers.values(), goal):
        writer.close()
    return sorted(broken, key=lambda one: (one.row, one.where))


class _Writer:
    """Writes one modality chunk by chunk: ``NAME.npy``, ``NAME.present.npy``, ``NAME.lengths.npy``, or texts.

    Args:
        folder: to write into
        name: of the modality
        rows: of the manifest
    """

    def __init__(self, folder: Path, name: str, rows: int) -> None:
        self._folder = folder
        self._name = name
        self._rows = rows
        self._done = 0
        self._open: dict[str, Array] = {}
        self._texts: Any = None
        self._bytes = 0

    def write(self, chunk: Chunk) -> None:
        """Append rows."""
        self._put("present", chunk.present)
        if chunk.lengths is not None:
            self._put("lengths", chunk.lengths)
        if isinstance(chunk.values, list):
            self._put_texts(chunk.values)
        else:
            self._put("values", chunk.values)
        self._done += len(chunk.present)

    def close(self) -> None:
        """Bring everything to disk."""
        for array in self._open.values():
            array.flush()  # type: ignore[attr-defined]
        self._open.clear()
        if self._texts is not None:
            self._texts.close()

    def _put(self, what: str, values: Array) -> None:
        if what not in self._open:
            self._open[what] = open_memmap(
                self._folder / f"{self._name}.{what}.npy", "w+", values.dtype, (self._rows, *values.shape[1:])
            )
        self._open[what][self._done : self._done + len(values)] = values

    def _put_texts(self, texts: list[str]) -> None:
        if self._texts is None:
            self._texts = (self._folder / f"{self._name}.utf8").open("wb")
        encoded = [text.encode() for text in texts]
        self._texts.write(b"".join(encoded))
        self._put("ends", self._bytes + np.cumsum([len(one) for one in encoded]))
        self._bytes += sum(len(one) for one in encoded)
