"""The report of a sweep: one table of its finished runs, for people and for programs, made from files alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console, RenderableType

from fuselab.reports.aggregate import Split, frame_methods, frame_runs, list_metrics
from fuselab.reports.columns import Columns, choose_columns
from fuselab.reports.labels import label_runs
from fuselab.reports.latex import write_latex
from fuselab.reports.load import load
from fuselab.reports.markdown import write_markdown
from fuselab.reports.notes import footnotes, notes, title
from fuselab.reports.table import Column, Table, group_rows
from fuselab.reports.terminal import rich_table
from fuselab.runs.files import write_whole


@dataclass(frozen=True)
class Report:
    """What a sweep says.

    Args:
        title: the data, the split and the number of runs
        notes: what a reader has to know before the numbers
        split: whose metrics the table shows
        columns: what can be shown
        methods: a row a method, with means and deviations
        runs: a row a run, with all that it found
        search: the record of the search that chose the settings; None where there was none
    """

    title: str
    notes: tuple[str, ...]
    split: Split
    columns: Columns
    methods: pd.DataFrame
    runs: pd.DataFrame
    search: dict[str, Any] | None

    def table(self, columns: Sequence[Column]) -> Table:
        """Return the table with some of the columns."""
        return Table(
            title=self.title,
            notes=self.notes,
            headings=("seeds", *(column.heading for column in columns)),
            families=group_rows(self.methods, columns),
            footnotes=footnotes(self.methods, columns, self.columns, split=self.split, search=self.search),
        )

    def rich(self, console: Console) -> RenderableType:
        """Return the table for a terminal."""
        return rich_table([self.table(columns) for columns in self.columns.in_terminal()], console=console)


def report(sweep: Path, *, split: Split) -> Report:
    """Read a sweep's finished runs and compare their methods.

    Args:
        sweep: a sweep's folder, or one run's
        split: whose metrics to show; what is reported is ``test``

    Raises:
        RunFolderError: no finished run, or runs that don't belong in one table
    """
    loaded = load(sweep)
    labels = label_runs(loaded.runs)
    runs = frame_runs(loaded.runs, labels)
    return Report(
        title=title(loaded.runs, split=split),
        notes=notes(loaded, labels),
        split=split,
        columns=choose_columns(list_metrics(runs, split=split)),
        methods=frame_methods(runs, split=split),
        runs=runs,
        search=loaded.search,
    )


def write_report(sweep: Path, out: Path | None, *, split: Split) -> list[Path]:
    """Write a sweep's report as Markdown, LaTeX and CSV; the same runs give the same bytes.

    Args:
        sweep: a sweep's folder, or one run's
        out: the folder to write into; None for ``report`` (or ``report-val``) inside the sweep's
        split: whose metrics to show

    Returns:
        the files

    Raises:
        RunFolderError: nothing to report, or the folder can't be written
    """
    made = report(sweep, split=split)
    folder = out or sweep / ("report" if split == "test" else f"report-{split}")
    table = made.table(made.columns.on_paper())
    texts = {
        "table.md": write_markdown(table),
        "table.tex": write_latex(table),
        "table.csv": made.methods.to_csv(index=False, lineterminator="\n"),
        "runs.csv": made.runs.to_csv(index=False, lineterminator="\n"),
    }
    for name, text in texts.items():
        write_whole(folder / name, partial(_fill, content=text.encode()))
    return [folder / name for name in texts]


def _fill(path: Path, *, content: bytes) -> None:
    # Bytes, because a text file's line ends depend on the machine.
    path.write_bytes(content)
