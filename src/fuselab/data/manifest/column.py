"""What binds columns of a manifest to a modality: cells in, arrays and reasons out.

Shapes: R rows of a chunk.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuselab.data.paired import Array

Cells = Mapping[str, Sequence[Any]]  # by column, a chunk of rows


class CellError(Exception):
    """Why a cell can't be used, in words that follow its row and column."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some rows of a modality.

    Args:
        values: (R, …), or R strings
        present: (R,), bool
        lengths: (R,), how many steps are real; None where every row has the same shape
        broken: reason of each row that can't be used
    """

    values: Array | list[str]
    present: npt.NDArray[np.bool_]
    lengths: Array | None = None
    broken: Mapping[int, str] = field(default_factory=dict)


class Files:
    """Files beside a manifest.

    Args:
        folder: the manifest's; relative paths are taken from here, and none may lead out of it
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def find(self, cell: str) -> Path:
        """Return the file that a cell names.

        Raises:
            CellError: no such file, or one outside the folder
        """
        path = (self.folder / cell).resolve()
        if not path.is_relative_to(self.folder):
            raise CellError(f"names a file outside the manifest's folder ({cell})")
        if not path.is_file():
            raise CellError(f"names a file that isn't there ({cell})")
        return path


class Column(ABC):
    """One modality of a manifest."""

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Columns that it reads."""

    @abstractmethod
    def decode(self, cells: Cells, files: Files) -> Chunk:
        """Make arrays of a chunk of rows."""

    names_files = False  # whether its cells may be paths, of files whose change changes the data

    def settle(self, values: Array, present: npt.NDArray[np.bool_], train: npt.NDArray[np.int64]) -> Array:
        """Finish the values of all rows, with what is fitted on the train rows alone."""
        return values


class CellColumn(Column):
    """A modality of which each sample is one cell: a file, bytes, or numbers.

    Args:
        column: of the manifest
    """

    def __init__(self, *, column: str) -> None:
        self.column = column

    @property
    def columns(self) -> tuple[str, ...]:
        """The one column."""
        return (self.column,)

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of a sample's values."""

    @property
    @abstractmethod
    def dtype(self) -> type[np.generic]:
        """Of a sample's values."""

    @abstractmethod
    def read(self, cell: Any, files: Files) -> Array:
        """Return the values of a cell; shorter than ``shape`` where it is a sequence.

        Raises:
            CellError: a cell that can't be used
        """

    names_files = True
    sequence = False  # whether the first axis is time, padded and masked

    def decode(self, cells: Cells, files: Files) -> Chunk:
        """Read cell by cell."""
        rows = cells[self.column]
        values = np.zeros((len(rows), *self.shape), self.dtype)
        present, lengths, broken = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.int64), {}
        for row, cell in enumerate(rows):
            if is_empty(cell):
                continue
            try:
                read = self.read(cell, files)
            except CellError as error:
                broken[row] = str(error)
                continue
            values[row, : len(read)] = read
            present[row], lengths[row] = True, len(read)
        return Chunk(values=values, present=present, lengths=lengths if self.sequence else None, broken=broken)


def is_empty(cell: Any) -> bool:
    """Say whether a cell holds nothing: the modality is missing."""
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return True
    if isinstance(cell, dict):  # how Hugging Face datasets hold a file
        return not cell.get("bytes") and not cell.get("path")
    return isinstance(cell, str | bytes) and not cell.strip()


def contents(cell: Any, files: Files) -> bytes:
    """Return the bytes that a cell holds, or those of the file that it names.

    Raises:
        CellError: neither bytes nor a readable file
    """
    if isinstance(cell, dict):
        cell = cell.get("bytes") or cell.get("path")
    if isinstance(cell, bytes):
        return cell
    if not isinstance(cell, str):
        raise CellError(f"must hold a path or bytes, not {type(cell).__name__}")
    path = files.find(cell)
    try:
        found = path.read_bytes()
    except OSError as error:
        raise CellError(f"names a file that can't be read ({cell}: {error.strerror})") from error
    if not found:
        raise CellError(f"names an empty file ({cell})")
    return found


def shown(cell: Any) -> str:
    """Return a cell as a message shows it: a path, or how many bytes."""
    if isinstance(cell, dict):
        cell = cell.get("path") or cell.get("bytes")
    return f"{len(cell)} bytes" if isinstance(cell, bytes) else str(cell)[:80]
