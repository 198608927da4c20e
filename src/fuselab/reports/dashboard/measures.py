"""What the page's tables can show of a method and of a run, number by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pandas as pd

from fuselab.reports.aggregate import CONSTANTS, measure_columns
from fuselab.reports.columns import Columns, Fixed
from fuselab.reports.dashboard.numbers import EXACT, short, shorts
from fuselab.reports.load import Split
from fuselab.reports.table import Column, Spread, say_count

Kind = Literal["fraction", "count", "seconds", "bytes"]
LOWER = frozenset({"mae", "rmse", "calibration_error", "loss"})  # the less, the better
MORE = {"epochs": "epochs"}
KINDS: dict[str, Kind] = {
    "parameters": "count",
    "flops": "count",
    "fit_seconds": "seconds",
    "test_seconds": "seconds",
    "total_seconds": "seconds",
    "peak_memory_bytes": "bytes",
    "epochs": "count",
}


@dataclass(frozen=True)
class Measure:
    """A column of the page's tables.

    Args:
        name: in the frame of methods
        heading: what it is called
        kind: how its numbers are written
        times: what fractions are multiplied by before they are: 100 for per cent
        digits: decimals of fractions
        spread: what stands beside a mean, as in the tables
        group: ``metric``, ``slice`` or ``cost``
        lower: whether less is better
        shown: whether the main table has it
        constant: whether it is the same for every seed
    """

    name: str
    heading: str
    kind: Kind
    times: int
    digits: int
    spread: Spread
    group: Literal["metric", "slice", "cost"]
    lower: bool
    shown: bool
    constant: bool


def list_measures(runs: pd.DataFrame, columns: Columns, *, split: Split) -> list[Measure]:
    """Return what can be shown: the report's own columns first, then what only the page has room for.

    Args:
        runs: a row a run
        columns: of the report
        split: whose metrics
    """
    there = measure_columns(runs, split=split)
    slices = {column.name for column in columns.slices}
    costs = {column.name for column in columns.costs}
    every = (*columns.main, *columns.others, *columns.hidden, *columns.slices, *columns.costs)
    listed = [
        _measure(column, "slice" if column.name in slices else "cost" if column.name in costs else "metric", columns)
        for column in every
        if column.name in there or column.name in CONSTANTS
    ]
    spread: Spread = next((column.spread for column in every if column.name not in CONSTANTS), "none")
    more = [
        _measure(Column(name, heading, say_count, spread), "cost", columns)
        for name, heading in MORE.items()
        if name in there
    ]
    return [*listed, *more]


def tell_measures(measures: Sequence[Measure]) -> list[dict[str, Any]]:
    """Return measures as JSON."""
    return [asdict(one) for one in measures]


def of_method(row: dict[Any, Any], measures: Sequence[Measure]) -> list[list[float | int | None]]:
    """Return a method's mean and deviation of each measure, and the ends of the interval where it has one.

    Args:
        row: of the frame of methods
        measures: in order
    """
    told = []
    for one in measures:
        parts = ("mean", "std", *(("low", "high") if one.spread == "interval" else ()))
        told.append(shorts([row[one.name]] if one.constant else [row[f"{one.name}_{part}"] for part in parts], EXACT))
    return told


def of_run(row: dict[Any, Any], measures: Sequence[Measure], there: dict[str, str]) -> list[float | int | None]:
    """Return a run's value of each measure.

    Args:
        row: of the frame of runs
        measures: in order
        there: columns of runs by measure
    """
    values = [row[there.get(one.name, one.name)] for one in measures]
    return [None if value is None or isinstance(value, str) else short(value, EXACT) for value in values]


def _measure(column: Column, group: Literal["metric", "slice", "cost"], columns: Columns) -> Measure:
    fixed = column.say if isinstance(column.say, Fixed) else Fixed(times=1, digits=0)
    return Measure(
        column.name,
        "peak memory" if column.name == "peak_memory_bytes" else column.heading,
        KINDS.get(column.name, "fraction"),
        fixed.times,
        fixed.digits,
        column.spread,
        group,
        lower=group == "cost" or column.name.rpartition(".")[2] in LOWER,
        shown=column in columns.chosen,
        constant=column.name in CONSTANTS,
    )
