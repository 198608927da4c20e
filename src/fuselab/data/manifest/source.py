"""A table of the user's own as paired data: one row a sample, columns bound to modalities."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from rich.console import Console

from fuselab.data.cache import cached_folder, stored_arrays
from fuselab.data.lazy import Picked, Texts
from fuselab.data.manifest.column import Column
from fuselab.data.manifest.opened import OneFile, Opened, Opener
from fuselab.data.manifest.store import Broken, store
from fuselab.data.manifest.target import Target
from fuselab.data.paired import SPLITS, Array, PairedData, Split, sha256
from fuselab.data.splits.base import RowNumbers, Rows, Splitter, split_hash
from fuselab.errors import ConfigError, DataError

VERSION = 1  # of what a cached folder holds; raise it when that changes
OnError = Literal["raise", "missing", "skip"]
NAMED = 10  # broken cells that an error names
BROKEN, FINGERPRINT = "broken.json", "fingerprint.txt"


class Manifest:
    """A CSV, Parquet or JSON Lines file.

    An empty cell is a missing modality. Every cell is decoded once, into arrays in the cache that all runs map into
    memory; what can't be used is found then.

    Args:
        file: the manifest, or tables that are joined to one; paths in cells are taken from the folder of their file,
            and none may lead out of it
        modalities: columns of each
        target: what is to be predicted
        split: shares the rows out
        columns: names of the columns that hold ``group`` (speaker, patient, video), ``time`` and ``split``, or None
        on_error: what becomes of a cell that can't be used: ``raise`` ends with all of them named, ``missing`` takes
            the modality as missing, ``skip`` leaves the row out; a row whose target can't be used is left out by both

    Raises:
        ConfigError: no modality, or another ``on_error``
    """

    def __init__(
        self,
        *,
        file: str | Opener,
        modalities: Mapping[str, Column],
        target: Target,
        split: Splitter,
        columns: Mapping[str, str | None],
        on_error: OnError,
    ) -> None:
        if not modalities:
            raise ConfigError(
                "data.source.modalities (none) must bind a modality at least; see conf/data/manifest.yaml"
            )
        if on_error not in get_args(OnError):
            raise ConfigError(f"data.source.on_error ({on_error}) must be one of {', '.join(get_args(OnError))}")
        self.opener = OneFile(file) if isinstance(file, str) else file
        self.modalities = dict(modalities)
        self.target = target
        self.splitter = split
        self.columns = {key: columns.get(key) for key in ("group", "time", "split")}
        self.on_error = on_error

    def load(self) -> PairedData:
        """Return the data.

        Raises:
            DataError: a manifest that can't be read, cells that can't be used, or rows that can't be split
        """
        opened = self.opener.open(self._needed(), self.target.columns)
        folder = self._decoded(opened)
        arrays = stored_arrays(folder)
        broken = _broken(folder, opened)
        kept = self._kept(broken, opened)
        rows = {name: kept[numbers] for name, numbers in self.splitter.split(self._rows(opened, arrays, kept)).items()}
        present = {name: arrays[f"{name}.present"] for name in self.modalities}
        values = {
            name: self._values(name, column, folder, arrays, rows["train"]) for name, column in self.modalities.items()
        }
        # What is fitted on the train rows is a function of the decoded cells and the rows.
        decoded = np.frombuffer((folder / FINGERPRINT).read_bytes(), np.uint8)
        by = self.columns["group"]
        group = None if by is None else np.asarray(opened.rows[by][:])
        return PairedData(
            name=opened.name,
            splits={split: self._split(rows[split], values, present, arrays, group) for split in SPLITS},
            slices=(),
            fingerprint=sha256({"cells": decoded, **rows}),
            split_hash=split_hash(rows),
            notes=(*opened.notes, *map(str, broken)),
            account=opened.account,
        )

    def _needed(self) -> list[str]:
        bound = [name for column in self.modalities.values() for name in column.columns]
        return [*bound, *self.target.columns, *filter(None, self.columns.values())]

    def _decoded(self, opened: Opened) -> Path:
        def build(folder: Path) -> None:
            broken = store(folder, opened, self.modalities, self.target)
            (folder / BROKEN).write_text(json.dumps([vars(one) for one in broken]), encoding="utf-8")
            texts = {file.name: np.fromfile(file, np.uint8) for file in folder.glob("*.utf8")}
            (folder / FINGERPRINT).write_text(sha256(stored_arrays(folder) | texts), encoding="utf-8")

        return cached_folder(f"manifest-{self._key(opened)}", build)

    def _key(self, opened: Opened) -> str:
        """Return a name for the table's bytes, the files that it names as they are now, and what is read of them."""
        digest = hashlib.sha256(str(VERSION).encode() + opened.digest)
        for name, column in sorted(self.modalities.items()):
            settings = {key: value for key, value in vars(column).items() if not key.startswith("_")}
            digest.update(f"{name}|{type(column).__qualname__}|{json.dumps(settings, sort_keys=True)}".encode())
            for path in _paths(opened.rows, column) if column.names_files else ():
                try:
                    stat = (opened.files(column).folder / path).stat()
                except (OSError, ValueError):
                    continue
                digest.update(f"{path}|{stat.st_size}|{stat.st_mtime_ns}".encode())
        digest.update(json.dumps(vars(self.target), sort_keys=True).encode())
        return digest.hexdigest()[:16]

    def _kept(self, broken: list[Broken], opened: Opened) -> RowNumbers:
        """Return the rows that are used, or refuse the manifest."""
        total = len(opened.rows)
        if broken and self.on_error == "raise":
            named = "\n".join(f"  {one}" for one in broken[:NAMED])
            more = f"\n  and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
            raise DataError(
                f"the manifest ({opened.place}) must hold cells that can be used, and {len(broken)} can't, the first "
                f"in {broken[0]}; mend them, or set data.source.on_error=missing or skip:\n{named}{more}"
            )
        lost = {one.row for one in broken if self.on_error == "skip" or one.where == "target"}
        if broken:
            name = Path(opened.place).name
            Console(stderr=True, highlight=False).print(
                f"{name}: cells that can't be used: {len(broken)}; rows left out: {len(lost)} of {total}"
            )
        kept = np.setdiff1d(np.arange(total), np.fromiter(lost, np.int64, len(lost)))
        if not len(kept):
            raise DataError(f"the manifest ({opened.place}) must hold a row that can be used; see data.source.on_error")
        return kept

    def _rows(self, opened: Opened, arrays: Mapping[str, Array], kept: RowNumbers) -> Rows:
        cells = opened.rows
        asked = {key: None if name is None else np.asarray(cells[name][:])[kept] for key, name in self.columns.items()}
        return Rows(
            samples=len(kept),
            target=np.asarray(arrays["target.values"])[kept],
            group=asked["group"],
            time=asked["time"],
            column=asked["split"],
        )

    @staticmethod
    def _values(name: str, column: Column, folder: Path, arrays: Mapping[str, Array], train: RowNumbers) -> Any:
        if f"{name}.ends" in arrays:
            ends = arrays[f"{name}.ends"]
            file = folder / f"{name}.utf8"
            data = np.memmap(file, np.uint8, "r") if file.stat().st_size else np.zeros(0, np.uint8)
            return Texts(data, ends, np.arange(len(ends)))
        return column.settle(arrays[f"{name}.values"], np.asarray(arrays[f"{name}.present"]), train)

    def _split(
        self,
        rows: RowNumbers,
        values: Mapping[str, Any],
        present: Mapping[str, Array],
        arrays: Mapping[str, Array],
        group: Array | None,
    ) -> Split:
        masks = {}
        for name in self.modalities:
            if f"{name}.lengths" in arrays:
                steps = np.arange(values[name].shape[1])
                masks[name] = steps < np.asarray(arrays[f"{name}.lengths"])[rows][:, None]
        return Split(
            values={name: one[rows] if isinstance(one, Texts) else Picked(one, rows) for name, one in values.items()},  # type: ignore[misc]
            present={name: np.asarray(one)[rows] for name, one in present.items()},
            target=np.asarray(arrays["target.values"])[rows],
            slice=None,
            masks=masks,
            group=None if group is None else group[rows],
        )


def _broken(folder: Path, opened: Opened) -> list[Broken]:
    """Return what can't be used: what decoding found, and the rows that nothing can be said of."""
    found = [Broken(**one) for one in json.loads((folder / BROKEN).read_text(encoding="utf-8"))]
    found = [one for one in found if one.where != "target" or one.row not in opened.no_target]
    found += [Broken(row=row, where="target", reason=why) for row, why in opened.no_target.items()]
    if opened.keys is not None:
        found = [replace(one, key=str(opened.keys[one.row])) for one in found]
    return sorted(found, key=lambda one: (one.row, one.where))


def _paths(rows: Any, column: Column) -> Iterator[str]:
    for name in column.columns:
        cells = rows.select_columns([name])
        for begin in range(0, len(cells), 65_536):
            yield from (cell for cell in cells[begin : begin + 65_536][name] if isinstance(cell, str) and cell)
