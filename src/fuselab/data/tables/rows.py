"""Rows joined from several tables, which stay on disk until a chunk of them is asked for.

Shapes: S joined rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

CHUNK = 65_536  # rows of a whole column that are read at once
MARK = "."  # between a table and its column


class JoinedRows:
    """What is read as a ``datasets.Dataset`` is: ``rows[begin:end]`` by column, ``rows["texts.text"]`` whole.

    Args:
        tables: the datasets
        rows: for each of them (S,), which row of it a joined row has; -1 for none, of which every cell is empty
        columns: ``TABLE.COLUMN`` of those that are wanted

    Example:
        >>> import datasets
        >>> texts = datasets.Dataset.from_dict({"text": ["a", "b"]})
        >>> JoinedRows({"texts": texts}, {"texts": np.array([1, -1, 0])}, ("texts.text",))[0:3]
        {'texts.text': ['b', None, 'a']}
    """

    def __init__(
        self, tables: Mapping[str, Any], rows: Mapping[str, npt.NDArray[np.int64]], columns: tuple[str, ...]
    ) -> None:
        self.tables = tables
        self.rows = rows
        self.column_names = list(columns)

    def __len__(self) -> int:
        return len(next(iter(self.rows.values())))

    def select_columns(self, columns: list[str]) -> JoinedRows:
        """Return some of the columns."""
        return JoinedRows(self.tables, self.rows, tuple(columns))

    def __getitem__(self, asked: slice | str) -> Any:
        if isinstance(asked, str):
            one = self.select_columns([asked])
            return [cell for begin in range(0, len(self), CHUNK) for cell in one[begin : begin + CHUNK][asked]]
        found: dict[str, Any] = {}
        for name, table in self.tables.items():
            wanted = [column.partition(MARK)[2] for column in self.column_names if column.partition(MARK)[0] == name]
            if wanted:
                cells = _cells(table.select_columns(wanted), self.rows[name][asked])
                found |= {f"{name}{MARK}{column}": cells[column] for column in wanted}
        return found


def _cells(table: Any, rows: npt.NDArray[np.int64]) -> dict[str, Any]:
    there = rows >= 0
    read = table[rows[there].tolist()]
    if there.all():
        return {column: read[column] for column in table.column_names}
    cells: dict[str, Any] = {}
    for column in table.column_names:
        filled: list[Any] = [None] * len(rows)
        for place, cell in zip(np.flatnonzero(there).tolist(), read[column], strict=True):
            filled[place] = cell
        cells[column] = filled
    return cells
