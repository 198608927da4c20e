"""A table as people read it: rounded cells, notes above, footnotes below; the writers differ only in their marks."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fuselab.reports.labels import name_row

MISSING = "—"
PLUS_MINUS = "±"
UNITS = "kMGT"


@dataclass(frozen=True)
class Column:
    """A measure in a table.

    Args:
        name: the measure's name in the frame of methods
        heading: what it is called
        say: turns a number into words
        deviation: whether the cells show the deviation too
    """

    name: str
    heading: str
    say: Callable[[float], str]
    deviation: bool


@dataclass(frozen=True)
class Row:
    """One method, or one of its settings.

    Args:
        family: the kind of fusion
        method: the compared value
        label: what tells it from other rows of the method, or nothing
        cells: one a heading
        marked: places of the cells to mark: nobody can be claimed to be better
    """

    family: str
    method: str
    label: str
    cells: tuple[str, ...]
    marked: frozenset[int] = frozenset()


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
    methods: pd.DataFrame, columns: Sequence[Column], marked: Mapping[str, Collection[str]]
) -> tuple[tuple[Row, ...], ...]:
    """Return the rows of a table, family by family; the first cell is the number of seeds.

    Args:
        methods: a row a method and label, sorted by family
        columns: what to show
        marked: names of the rows to mark, by column
    """
    groups: dict[str, list[Row]] = {}
    for one in methods.to_dict("records"):
        family = str(one["family"])
        cells = (str(one["seeds"]), *(_cell(one, column) for column in columns))
        method, label = str(one["method"]), str(one["label"])
        name = name_row(method, label)
        places = frozenset(
            place for place, column in enumerate(columns, start=1) if name in marked.get(column.name, ())
        )
        groups.setdefault(family, []).append(Row(family, method, label, cells, places))
    return tuple(tuple(rows) for rows in groups.values())


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


def _cell(row: dict[Any, Any], column: Column) -> str:
    mean = float(row.get(f"{column.name}_mean", row.get(column.name, math.nan)))
    deviation = float(row.get(f"{column.name}_std", math.nan))
    if math.isnan(mean):
        return MISSING
    if not column.deviation or math.isnan(deviation):
        return column.say(mean)
    return f"{column.say(mean)} {PLUS_MINUS} {column.say(deviation)}"
