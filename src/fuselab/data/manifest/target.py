"""What is to be predicted, read from columns of a manifest.

Shapes: R rows, C classes, labels or values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fuselab.data.manifest.column import Cells, is_empty
from fuselab.data.paired import Array
from fuselab.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Targets of a chunk of rows.

    Args:
        values: (R,) classes or (R, C) labels or values; anything in a broken row
        broken: reason of each row whose target can't be used
    """

    values: Array
    broken: dict[int, str]


class Target(ABC):
    """What is to be predicted."""

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Columns that it reads."""

    @abstractmethod
    def decode(self, cells: Cells) -> Targets:
        """Read a chunk of rows."""


class ClassTarget(Target):
    """One class a row.

    Args:
        column: of the manifest
        classes: their names, in the order of the model's outputs

    Raises:
        ConfigError: fewer than two classes, or one twice
    """

    def __init__(self, *, column: str, classes: Sequence[Any]) -> None:
        self.column = column
        self.classes = _names(classes, column, least=2)

    @property
    def columns(self) -> tuple[str, ...]:
        """The one column."""
        return (self.column,)

    def decode(self, cells: Cells) -> Targets:
        """Find each row's class."""
        numbers = {name: number for number, name in enumerate(self.classes)}
        values, broken = np.zeros(len(cells[self.column]), np.int64), {}
        for row, cell in enumerate(cells[self.column]):
            name = _name(cell)
            if name in numbers:
                values[row] = numbers[name]
            else:
                broken[row] = "has no class" if is_empty(cell) else f"has a class outside the list ({name[:40]!r})"
        return Targets(values=values, broken=broken)


class MultilabelTarget(Target):
    """Any number of labels a row.

    Args:
        column: of the manifest; its cells are lists, or texts in which ``separator`` stands between labels
        labels: their names, in the order of the model's outputs
        separator: between two labels
    """

    def __init__(self, *, column: str, labels: Sequence[Any], separator: str) -> None:
        self.column = column
        self.labels = _names(labels, column, least=1)
        self.separator = separator

    @property
    def columns(self) -> tuple[str, ...]:
        """The one column."""
        return (self.column,)

    def decode(self, cells: Cells) -> Targets:
        """Mark each row's labels; an empty cell has none."""
        numbers = {name: number for number, name in enumerate(self.labels)}
        values, broken = np.zeros((len(cells[self.column]), len(self.labels)), np.float32), {}
        for row, cell in enumerate(cells[self.column]):
            if isinstance(cell, list | np.ndarray):
                names = [_name(one) for one in cell]
            else:
                names = [] if is_empty(cell) else [one.strip() for one in str(cell).split(self.separator)]
            unknown = [name for name in names if name not in numbers]
            if unknown:
                broken[row] = f"has a label outside the list ({unknown[0][:40]!r})"
            else:
                values[row, [numbers[name] for name in names]] = 1
        return Targets(values=values, broken=broken)


class RegressionTarget(Target):
    """One or several numbers a row.

    Args:
        columns: of the manifest
    """

    def __init__(self, *, columns: Sequence[str]) -> None:
        if not columns:
            raise ConfigError("target.columns ([]) must name a column at least; add one")
        self._columns = tuple(columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """In the order of the model's outputs."""
        return self._columns

    def decode(self, cells: Cells) -> Targets:
        """Read the numbers."""
        values = np.zeros((len(cells[self._columns[0]]), len(self._columns)), np.float32)
        broken: dict[int, str] = {}
        for place, name in enumerate(self._columns):
            for row, cell in enumerate(cells[name]):
                try:
                    values[row, place] = float(cell)
                except (TypeError, ValueError):
                    values[row, place] = np.nan
                if not np.isfinite(values[row, place]):
                    broken.setdefault(row, f"has no number in '{name}' ({str(cell)[:40]!r})")
        return Targets(values=np.nan_to_num(values), broken=broken)


def _name(cell: Any) -> str:
    # Parquet and JSON may hold a class as 3.0 where the config says 3.
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _names(given: Sequence[Any], column: str, *, least: int) -> tuple[str, ...]:
    names = tuple(_name(one) for one in given)
    if len(names) < least or len(set(names)) < len(names):
        raise ConfigError(
            f"the classes of '{column}' ({', '.join(names) or 'none'}) must be at least {least}, each named once; "
            "list them in the order of the model's outputs"
        )
    return names
