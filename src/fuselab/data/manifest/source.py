"""A table of the user's own as paired data: one row a sample, columns bound to modalities."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from rich.console import Console

from fuselab.data.cache import cached_folder, stored_arrays
from fuselab.data.lazy import Picked, Texts
from fuselab.data.manifest.column import Column, Files
from fuselab.data.manifest.read import open_manifest
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
        file: the manifest; paths in its cells are taken from its folder, and none may lead out of it
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
        file: str,
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
        self.file = Path(file).expanduser()
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
        opened = open_manifest(self.file, [*self._needed(), *filter(None, self.columns.values())])
        folder = self._decoded(opened)
        arrays = stored_arrays(folder)
        broken = [Broken(**one) for one in json.loads((folder / BROKEN).read_text(encoding="utf-8"))]
        kept = self._kept(broken, len(opened))
        rows = {name: kept[numbers] for name, numbers in self.splitter.split(self._rows(opened, arrays, kept)).items()}
        present = {name: arrays[f"{name}.present"] for name in self.modalities}
        values = {
            name: self._values(name, column, folder, arrays, rows["train"]) for name, column in self.modalities.items()
        }
        # What is fitted on the train rows is a function of the decoded cells and the rows.
        decoded = np.frombuffer((folder / FINGERPRINT).read_bytes(), np.uint8)
        by = self.columns["group"]
        group = None if by is None else np.asarray(opened[by][:])
        return PairedData(
            name=self.file.stem,
            splits={split: self._split(rows[split], values, present, arrays, group) for split in SPLITS},
            slices=(),
            fingerprint=sha256({"cells": decoded, **rows}),
            split_hash=split_hash(rows),
            notes=tuple(map(str, broken)),
        )

    def _needed(self) -> list[str]:
        bound = [name for column in self.modalities.values() for name in column.columns]
        return [*bound, *self.target.columns]

    def _decoded(self, opened: Any) -> Path:
        files = Files(self.file.parent)

        def build(folder: Path) -> None:
            broken = store(folder, opened, self.modalities, self.target, files)
            (folder / BROKEN).write_text(json.dumps([vars(one) for one in broken]), encoding="utf-8")
            texts = {file.name: np.fromfile(file, np.uint8) for file in folder.glob("*.utf8")}
            (folder / FINGERPRINT).write_text(sha256(stored_arrays(folder) | texts), encoding="utf-8")

        return cached_folder(f"manifest-{self._key(opened, files)}", build)

    def _key(self, opened: Any, files: Files) -> str:
        """Return a name for the manifest's bytes, the files that it names as they are now, and what is read of them."""
        digest = hashlib.sha256(f"{VERSION}{opened._fingerprint}".encode())
        with self.file.open("rb") as manifest:
            digest.update(hashlib.file_digest(manifest, "sha256").digest())
        for name, column in sorted(self.modalities.items()):
            settings = {key: value for key, value in vars(column).items() if not key.startswith("_")}
            digest.update(f"{name}|{type(column).__qualname__}|{json.dumps(settings, sort_keys=True)}".encode())
            for path in _paths(opened, column) if column.names_files else ():
                try:
                    stat = (files.folder / path).stat()
                except (OSError, ValueError):
                    continue
                digest.update(f"{path}|{stat.st_size}|{stat.st_mtime_ns}".encode())
        digest.update(json.dumps(vars(self.target), sort_keys=True).encode())
        return digest.hexdigest()[:16]

    def _kept(self, broken: list[Broken], total: int) -> RowNumbers:
        """Return the rows that are used, or refuse the manifest."""
        if broken and self.on_error == "raise":
            named = "\n".join(f"  {one}" for one in broken[:NAMED])
            more = f"\n  and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
            raise DataError(
                f"the manifest ({self.file}) must hold cells that can be used, and {len(broken)} can't, the first in "
                f"{broken[0]}; mend them, or set data.source.on_error=missing or skip:\n{named}{more}"
            )
        lost = {one.row for one in broken if self.on_error == "skip" or one.where == "target"}
        if broken:
            Console(stderr=True, highlight=False).print(
                f"{self.file.name}: cells that can't be used: {len(broken)}; rows left out: {len(lost)} of {total}"
            )
        kept = np.setdiff1d(np.arange(total), np.fromiter(lost, np.int64, len(lost)))
        if not len(kept):
            raise DataError(f"the manifest ({self.file}) must hold a row that can be used; see data.source.on_error")
        return kept

    def _rows(self, opened: Any, arrays: Mapping[str, Array], kept: RowNumbers) -> Rows:
        asked = {key: None if name is None else np.asarray(opened[name][:])[kept] for key, name in self.columns.items()}
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


def _paths(opened: Any, column: Column) -> Iterator[str]:
    for name in column.columns:
        cells = opened.select_columns([name])
        for begin in range(0, len(cells), 65_536):
            yield from (cell for cell in cells[begin : begin + 65_536][name] if isinstance(cell, str) and cell)
