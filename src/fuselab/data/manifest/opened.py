"""A table that is open, what a source has to know of it, and who opens it."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuselab.data.manifest.column import Column, Files
from fuselab.data.manifest.read import open_manifest


@dataclass(frozen=True, kw_only=True)
class Opened:
    """Rows, and what stands beside them.

    Args:
        name: of the data
        place: where a user finds it, for messages
        rows: a ``datasets.Dataset``, or what is read in the same way
        files: what the paths of a modality's cells are taken from
        digest: of all that the rows are made of, the files that their cells name left out
        keys: by which messages name rows beside their numbers, or None
        no_target: why, for each row that nothing can be said of
        account: how the rows came about, a line each
        notes: what a user should look at, a line each
    """

    name: str
    place: str
    rows: Any
    files: Callable[[Column], Files]
    digest: bytes
    keys: Sequence[Any] | None = None
    no_target: Mapping[int, str] = field(default_factory=dict)
    account: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Opener(ABC):
    """Where the rows of a manifest come from."""

    @abstractmethod
    def open(self, columns: Sequence[str], target: Sequence[str]) -> Opened:
        """Return the rows.

        Args:
            columns: that are needed
            target: those of them that say what is to be predicted

        Raises:
            DataError: a file that can't be read, or a column that is not there
        """


class OneFile(Opener):
    """A CSV, Parquet or JSON Lines file.

    Args:
        file: its path
    """

    def __init__(self, file: str) -> None:
        self.file = Path(file).expanduser()

    def open(self, columns: Sequence[str], target: Sequence[str]) -> Opened:
        """Return the rows of the file."""
        rows = open_manifest(self.file, columns, key="data.source.file")
        files = Files(self.file.parent)
        with self.file.open("rb") as manifest:
            digest = rows._fingerprint.encode() + hashlib.file_digest(manifest, "sha256").digest()
        return Opened(name=self.file.stem, place=str(self.file), rows=rows, files=lambda _: files, digest=digest)
