"""Figures that others have published, below ours: cited, not run here, and never compared by a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fuselab.reports.load import Run, Split
from fuselab.reports.table import NOTHING, Cell, Column, Row

FAMILY = "published"


def published_rows(runs: Sequence[Run], columns: Sequence[Column], *, split: Split) -> tuple[Row, ...]:
    """Return a row for each published figure of these columns.

    Args:
        runs: of one table, whose config lists the figures
        columns: of the table
        split: whose metrics the table shows; what is published is of the test split
    """
    rows = []
    for one in _figures(runs) if split == "test" else ():
        value = float(one["value"])
        cells = [
            Cell(column.say(value), value=value) if column.name == one["metric"] else NOTHING for column in columns
        ]
        if any(cell is not NOTHING for cell in cells):
            rows.append(Row(FAMILY, str(one["label"]), "", (NOTHING, *cells)))
    return tuple(rows)


def say_sources(runs: Sequence[Run], rows: Sequence[Row]) -> tuple[str, ...]:
    """Return where published rows come from, in a sentence.

    Args:
        runs: of the table
        rows: that it shows
    """
    shown = {row.method for row in rows}
    sources = [f"{one['label']} ({one['source']})" for one in _figures(runs) if one["label"] in shown]
    return (f"not run here, no test compares with it: {'; '.join(sources)}",) if sources else ()


def _figures(runs: Sequence[Run]) -> list[Mapping[str, Any]]:
    """Return the figures that all runs list."""
    first, *others = [run.config.get("published") or [] for run in runs]
    return [one for one in first if all(one in other for other in others)]
