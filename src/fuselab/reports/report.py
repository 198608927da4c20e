"""One table of finished runs that share data, split and budget, for people and for programs, made from files alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from rich.console import Console, RenderableType

from fuselab.errors import FuselabError
from fuselab.reports.aggregate import CONSTANTS, frame_methods, frame_runs, list_metrics, measure_columns
from fuselab.reports.columns import Columns, choose_columns
from fuselab.reports.intervals import add_intervals
from fuselab.reports.labels import label_runs
from fuselab.reports.layout import Layout
from fuselab.reports.load import Loaded, Split
from fuselab.reports.notes import footnotes, notes, title
from fuselab.reports.published import published_rows, say_sources
from fuselab.reports.statistics.analyse import Statistics, analyse
from fuselab.reports.table import Column, Table, group_rows
from fuselab.reports.terminal import rich_table


@dataclass(frozen=True)
class Report:
    """What runs say.

    Args:
        loaded: the runs
        title: the data, the split and the number of runs
        notes: what a reader has to know before the numbers
        split: whose metrics the table shows
        layout: how it looks and how it tests
        columns: what can be shown
        methods: a row a method, with means and deviations
        runs: a row a run, with all that it found
        statistics: what can be claimed of its first metric, or why nothing can
    """

    loaded: Loaded
    title: str
    notes: tuple[str, ...]
    split: Split
    layout: Layout
    columns: Columns
    methods: pd.DataFrame
    runs: pd.DataFrame
    statistics: Statistics | str

    @property
    def called(self) -> str:
        """What tells it from a report of other data, another split or budget."""
        return self.loaded.called

    def marked(self) -> dict[str, frozenset[str]]:
        """Return the names of the rows to mark in each column: those that may be the best in it."""
        found = {} if isinstance(self.statistics, str) else self.statistics.best
        return {column: best.names for column, best in found.items()}

    def table(self, columns: Sequence[Column]) -> Table:
        """Return the table with some of the columns."""
        cited = published_rows(self.loaded.runs, columns, split=self.split)
        return Table(
            title=self.title,
            notes=self.notes,
            headings=("seeds", *(column.heading for column in columns)),
            families=(
                *group_rows(self.methods, columns, self.marked(), names=self.layout.names),
                *((cited,) if cited else ()),
            ),
            footnotes=(
                *footnotes(
                    self.methods,
                    columns,
                    self.columns,
                    split=self.split,
                    statistics=self.statistics,
                    settings=self.layout.statistics,
                    searches=self.loaded.searches,
                ),
                *say_sources(self.loaded.runs, cited),
            ),
        )

    def rich(self, console: Console) -> RenderableType:
        """Return the table for a terminal."""
        return rich_table([self.table(columns) for columns in self.columns.in_terminal()], console=console)


def report(loaded: Loaded, *, split: Split, layout: Layout) -> Report:
    """Compare the methods of runs that share their data, split and budget.

    Args:
        loaded: the runs
        split: whose metrics to show; what is reported is ``test``
        layout: how it looks and how methods are compared

    Raises:
        RunFolderError: two runs are the same experiment with the same seed, or predictions can't be read
        ConfigError: a baseline that is no method, or a column that is no measure
    """
    labels = label_runs(loaded.runs)
    runs = frame_runs(loaded.runs, labels, families=layout.families)
    costs = [*measure_columns(runs, split=split), *(name for name in CONSTANTS if name in runs)]
    columns = choose_columns(list_metrics(runs, split=split), costs, layout=layout)
    methods = frame_methods(runs, split=split)
    statistics = analyse(loaded.runs, runs, columns.compared(), split=split, settings=layout.statistics)
    if layout.cell == "interval":
        methods = add_intervals(methods, runs, statistics, split=split, settings=layout.statistics)
    return Report(
        loaded=loaded,
        title=title(loaded.runs, split=split),
        notes=notes(loaded, labels),
        split=split,
        layout=layout,
        columns=columns,
        methods=methods,
        runs=runs,
        statistics=statistics,
    )


def report_all(found: Sequence[Loaded], *, split: Split, layout: Layout) -> list[Report]:
    """Compare the methods of each set of runs; an error says which set it is of.

    Args:
        found: sets of runs
        split: whose metrics to show
        layout: how they look and how methods are compared

    Raises:
        RunFolderError: as of :func:`report`
        ConfigError: as of :func:`report`
    """
    made = []
    for one in found:
        try:
            made.append(report(one, split=split, layout=layout))
        except FuselabError as error:
            raise type(error)(f"{one.called}: {error}" if len(found) > 1 else str(error)) from error
    return made
