"""Several tables of the user's own as one manifest, joined by a key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from fuselab.data.join import Duplicates, How, check_how, join
from fuselab.data.manifest.column import Column, Files
from fuselab.data.manifest.opened import Opened, Opener
from fuselab.data.manifest.read import open_manifest
from fuselab.data.tables.rows import MARK, JoinedRows
from fuselab.errors import ConfigError, nearest

KEY = "data.source.file"  # of the config


class Tables(Opener):
    """CSV, Parquet or JSON Lines files, joined on the ids of their rows; columns are named ``TABLE.COLUMN``.

    A row that a table lacks is a row of empty cells: its modalities are missing. A sample that the table of the target
    lacks can't be learned from: it is named as a cell that can't be used.

    Args:
        name: of the data
        tables: for each its ``file`` and ``key``, the column that holds the ids; paths in its cells are taken from its
            own folder, and none may lead out of it
        how: which ids become samples: ``inner``, those of every table; ``outer``, all; ``left``, those of one table
        left: that table; None for the table of the target
        duplicates: of an id that a table has twice: ``raise``, or take the ``first`` row

    Raises:
        ConfigError: a table without file or key, or a way to join that can't be
    """

    def __init__(
        self,
        *,
        name: str,
        tables: Mapping[str, Mapping[str, Any]],
        how: How,
        left: str | None,
        duplicates: Duplicates,
    ) -> None:
        self.name = name
        self.files, self.keys = _bound(tables)
        self.how = how
        self.left = left
        self.duplicates = duplicates
        check_how(how, left, duplicates, self.files, key=KEY)
        self._told = False

    def open(self, columns: Sequence[str], target: Sequence[str]) -> Opened:
        """Return the joined rows, and print what matched."""
        for column in columns:
            _check_column(column, self.files)
        needed = list(dict.fromkeys(columns))
        left = self.left if self.left is not None else _table(target[0])
        tables, digest = {}, hashlib.sha256(f"{self.how}|{left}|{self.duplicates}".encode())
        for name, file in self.files.items():
            wanted = [column.partition(MARK)[2] for column in needed if _table(column) == name]
            tables[name] = open_manifest(file, [self.keys[name], *wanted], key=f"{KEY}.tables.{name}.file")
            digest.update(f"|{name}|{self.keys[name]}|{tables[name]._fingerprint}|".encode())
            with file.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
        ids = {name: table.with_format("arrow")[self.keys[name]][:] for name, table in tables.items()}
        joined = join(ids, how=self.how, left=left, duplicates=self.duplicates, key=KEY)
        self._tell(joined.account, *joined.notes)
        no_target = {
            row: f"has no row in {name}, the table of the target"
            for name in sorted({_table(column) for column in target})
            for row in np.flatnonzero(joined.rows[name] < 0).tolist()
        }
        folders = {name: Files(file.parent) for name, file in self.files.items()}
        return Opened(
            name=self.name,
            place=", ".join(file.name for file in self.files.values()),
            rows=JoinedRows(tables, joined.rows, tuple(needed)),
            files=lambda column: _folder(column, folders),
            digest=digest.digest(),
            keys=joined.keys,
            no_target=no_target,
            account=(joined.account,),
            notes=joined.notes,
        )

    def _tell(self, account: str, *notes: str) -> None:
        """Print what matched, once a process."""
        if self._told:
            return
        self._told = True
        console = Console(stderr=True, highlight=False, markup=False)
        console.print(f"{self.name}: {account}", soft_wrap=True)
        for note in notes:
            console.print(f"  {note}", soft_wrap=True)


def _bound(tables: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Path], dict[str, str]]:
    if len(tables) < 2:
        raise ConfigError(
            f"{KEY}.tables ({', '.join(tables) or 'none'}) must name two tables at least; one alone is data=manifest"
        )
    files, keys = {}, {}
    for name, config in tables.items():
        if MARK in name:
            raise ConfigError(f"{KEY}.tables.{name} must have a name without a point; rename the table")
        for key in ("file", "key"):
            if not isinstance(config, Mapping) or not isinstance(config.get(key), str):
                raise ConfigError(
                    f"{KEY}.tables.{name} ({config!r}) must say its file and the column of its ids; write "
                    f"{name}: {{file: FILE, key: COLUMN}}"
                )
        for key in config:
            if key not in ("file", "key"):
                hint = nearest(key, ("file", "key"))
                raise ConfigError(f"{KEY}.tables.{name}.{key} must be file or key; {hint}")
        files[name], keys[name] = Path(config["file"]).expanduser(), config["key"]
    return files, keys


def _folder(column: Column, folders: Mapping[str, Files]) -> Files:
    names = {_table(one) for one in column.columns}
    if column.names_files and len(names) > 1:
        raise ConfigError(
            f"columns that name files ({', '.join(column.columns)}) must be of one table, from whose folder "
            "their paths are taken; bind a modality for each"
        )
    return folders[min(names)]


def _table(column: str) -> str:
    return column.partition(MARK)[0]


def _check_column(column: str, tables: Mapping[str, Any]) -> None:
    table, mark, name = column.partition(MARK)
    if not mark or not name or table not in tables:
        hint = nearest(table, tables) if mark else f"write {next(iter(tables))}{MARK}{column}"
        raise ConfigError(f"the column '{column}' must be named with its table, as TABLE.COLUMN; {hint}")
