"""A table as people read it: rounded cells, notes above, footnotes below; the writers differ only in their marks."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from fuselab.reports.labels import name_row

MISSING = "—"
PLUS_MINUS = "±"
UNITS = "kMGT"

Spread = Literal["deviation", "interval", "none"]


@dataclass(frozen=True)
class Column:
    """A measure in a table.

    Args:
        name: the measure's name in the frame of methods
        heading: what it is called
        say: turns a number into words
        spread: what the cells show besides the mean: the deviation over seeds, a bootstrap interval, or nothing
    """

    name: str
    heading: str
    say: Callable[[float], str]
    spread: Spread


@dataclass(frozen=True)
class Cell:
    """What stands in one place of a table.

    Args:
        mean: the number, or words in its stead
        deviation: what stands behind ±, or nothing
        low: lower end of the interval, or nothing
        high: its upper end
        value: the mean itself, where it is a number
    """

    mean: str
    deviation: str = ""
    low: str = ""
    high: str = ""
    value: float = math.nan

    @property
    def text(self) -> str:
        """All of it in one line."""
        if self.deviation:
            return f"{self.mean} {PLUS_MINUS} {self.deviation}"
        return f"{self.mean} [{self.low}, {self.high}]" if self.low else self.mean


NOTHING = Cell(MISSING)


@dataclass(frozen=True)
class Row:
    """One method, or one of its settings.

    Args:
        family: the kind of fusion
        method: the compared value, or what it is called
        label: what tells it from other rows of the method, or nothing
        cells: one a heading
        marked: places of the cells to mark: nobody can be claimed to be better
        key: what it is called by the runs and on the report's page; nothing for what was not run here
    """

    family: str
    method: str
    label: str
    cells: tuple[Cell, ...]
    marked: frozenset[int] = frozenset()
    key: str = ""


@dataclass(frozen=True)
class Table:
    """All that a writer needs.

    Args:
        title: the data, the split and the number of runs
        notes: what a reader has to know before the numbers
        headings: of the cells
        families: the rows, grouped
        footnotes: how to read the numbers
    """

    title: str
    notes: tuple[str, ...]
    headings: tuple[str, ...]
    families: tuple[tuple[Row, ...], ...]
    footnotes: tuple[str, ...]


def group_rows(
    methods: pd.DataFrame,
    columns: Sequence[Column],
    marked: Mapping[str, Collection[str]],
    *,
    names: Mapping[str, str],
) -> tuple[tuple[Row, ...], ...]:
    """Return the rows of a table, family by family; the first cell is the number of seeds.

    Args:
        methods: a row a method and label, sorted by family
        columns: what to show
        marked: names of the rows to mark, by column
        names: what families and methods are called, where it isn't their own name
    """
    groups: dict[str, list[Row]] = {}
    for one in methods.to_dict("records"):
        method, label, family = str(one["method"]), str(one["label"]), str(one["family"])
        cells = (Cell(str(one["seeds"]), value=float(one["seeds"])), *(make_cell(one, column) for column in columns))
        key = name_row(method, label)
        places = frozenset(place for place, column in enumerate(columns, start=1) if key in marked.get(column.name, ()))
        row = Row(names.get(family, family), names.get(method, method), label, cells, places, key)
        groups.setdefault(family, []).append(row)
    return tuple(tuple(rows) for rows in groups.values())


def make_cell(row: Mapping[Any, Any], column: Column) -> Cell:
    """Return the cell of a method in a column.

    Args:
        row: of the frame of methods
        column: what to show
    """
    mean = float(row.get(f"{column.name}_mean", row.get(column.name, math.nan)))
    if math.isnan(mean):
        return NOTHING
    deviation, low, high = (float(row.get(f"{column.name}_{what}", math.nan)) for what in ("std", "low", "high"))
    if column.spread == "deviation" and not math.isnan(deviation):
        return Cell(column.say(mean), deviation=column.say(deviation), value=mean)
    if column.spread == "interval" and not math.isnan(low):
        return Cell(column.say(mean), low=column.say(low), high=column.say(high), value=mean)
    return Cell(column.say(mean), value=mean)


def say_fraction(value: float) -> str:
    """Return a metric with three decimals."""
    return f"{value:.3f}"


def say_seconds(value: float) -> str:
    """Return seconds with one decimal."""
    return f"{value:.1f}"


def say_count(value: float) -> str:
    """Return a number with three digits and its unit.

    Example:
        >>> say_count(123456), say_count(1_999_999), say_count(640)
        ('123 k', '2.00 M', '640')
    """
    if abs(value) < 999.5:
        return f"{value:.0f}"
    power = 1
    while abs(value) / 1000**power >= 999.5 and power < len(UNITS):
        power += 1
    return f"{value / 1000**power:#.3g}".rstrip(".") + f" {UNITS[power - 1]}"


def say_mebibytes(value: float) -> str:
    """Return bytes as mebibytes, whole.

    Example:
        >>> say_mebibytes(1 << 30)
        '1024'
    """
    return f"{value / 2**20:.0f}"
