"""The report of a sweep: one table of its finished runs, for people and for programs, made from files alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console, RenderableType

from fuselab.reports.aggregate import Split, frame_methods, frame_runs, list_metrics
from fuselab.reports.columns import Columns, choose_columns
from fuselab.reports.dashboard.gather import Contents, gather
from fuselab.reports.dashboard.page import write_page
from fuselab.reports.labels import label_runs
from fuselab.reports.latex import write_latex
from fuselab.reports.load import Loaded, load
from fuselab.reports.markdown import write_markdown
from fuselab.reports.notes import footnotes, notes, title
from fuselab.reports.published import FAMILY as PUBLISHED
from fuselab.reports.published import published_rows, say_sources
from fuselab.reports.statistics.analyse import Statistics, analyse
from fuselab.reports.statistics.section import list_claims, write_statistics
from fuselab.reports.statistics.settings import Settings
from fuselab.reports.table import Column, Table, group_rows
from fuselab.reports.terminal import rich_table
from fuselab.runs.files import write_whole
from fuselab.runs.folder import find_runs

DIGITS = "%.10g"  # beyond them sums hang on the number of threads


@dataclass(frozen=True)
class Report:
    """What a sweep says.

    Args:
        sweep: its folder
        title: the data, the split and the number of runs
        notes: what a reader has to know before the numbers
        split: whose metrics the table shows
        columns: what can be shown
        methods: a row a method, with means and deviations
        runs: a row a run, with all that it found
        search: the record of the search that chose the settings; None where there was none
        statistics: what can be claimed of its first metric, or why nothing can
        loaded: the runs themselves
    """

    sweep: Path
    title: str
    notes: tuple[str, ...]
    split: Split
    columns: Columns
    methods: pd.DataFrame
    runs: pd.DataFrame
    search: dict[str, Any] | None
    statistics: Statistics | str
    loaded: Loaded

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
            families=(*group_rows(self.methods, columns, self.marked()), *((cited,) if cited else ())),
            footnotes=(
                *footnotes(
                    self.methods,
                    columns,
                    self.columns,
                    split=self.split,
                    statistics=self.statistics,
                    search=self.search,
                ),
                *say_sources(self.loaded.runs, cited),
            ),
        )

    def rich(self, console: Console) -> RenderableType:
        """Return the table for a terminal."""
        return rich_table([self.table(columns) for columns in self.columns.in_terminal()], console=console)


def report(sweep: Path, *, split: Split, settings: Settings) -> Report:
    """Read a sweep's finished runs and compare their methods.

    Args:
        sweep: a sweep's folder, or one run's
        split: whose metrics to show; what is reported is ``test``
        settings: how methods are compared

    Raises:
        RunFolderError: no finished run, or runs that don't belong in one table
        ConfigError: a baseline that is no method of the sweep
    """
    loaded = load(sweep)
    labels = label_runs(loaded.runs)
    runs = frame_runs(loaded.runs, labels)
    metrics = list_metrics(runs, split=split)
    columns = choose_columns(metrics)
    return Report(
        sweep=sweep,
        title=title(loaded.runs, split=split),
        notes=notes(loaded, labels),
        split=split,
        columns=columns,
        methods=frame_methods(runs, split=split),
        runs=runs,
        search=loaded.search,
        statistics=analyse(sweep, loaded.runs, runs, columns.compared(), split=split, settings=settings),
        loaded=loaded,
    )


def write_report(made: Report, out: Path | None) -> list[Path]:
    """Write a sweep's report as Markdown, LaTeX, CSV and a page to look around in; the same runs give the same bytes.

    Args:
        made: the report
        out: the folder to write into; None for ``report`` (or ``report-val``) inside the sweep's

    Returns:
        the files

    Raises:
        RunFolderError: the folder can't be written
    """
    folder = out or made.sweep / ("report" if made.split == "test" else f"report-{made.split}")
    table = made.table(made.columns.on_paper())
    texts = {
        "table.md": write_markdown(table),
        "table.tex": write_latex(table),
        "table.csv": made.methods.to_csv(index=False, lineterminator="\n"),
        "runs.csv": made.runs.to_csv(index=False, lineterminator="\n"),
    }
    if not isinstance(made.statistics, str):
        texts["statistics.md"], pairs = write_statistics(made.statistics, title=made.title)
        texts["pairs.csv"] = pairs.to_csv(index=False, lineterminator="\n", float_format=DIGITS)
    texts["index.html"] = write_page(gather(_contents(made, table, texts)))
    for name, text in texts.items():
        write_whole(folder / name, partial(_fill, content=text.encode()))
    return [folder / name for name in texts]


def _contents(made: Report, table: Table, texts: Mapping[str, str]) -> Contents:
    return Contents(
        title=made.title,
        notes=made.notes,
        footnotes=table.footnotes,
        claims=list_claims(made.statistics),
        marked=made.marked(),
        published=[
            (row.method, dict(zip(table.headings, row.cells, strict=True)))
            for rows in table.families
            for row in rows
            if row.family == PUBLISHED
        ],
        split=made.split,
        columns=made.columns,
        methods=made.methods,
        frame=made.runs,
        runs={run.name: run for run in made.loaded.runs},
        folders={folder.path.name: folder for folder in find_runs(made.sweep)},
        downloads=dict(texts),
    )


def _fill(path: Path, *, content: bytes) -> None:
    # Bytes, because a text file's line ends depend on the machine.
    path.write_bytes(content)
