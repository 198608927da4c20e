"""Where every number of a table comes from: its runs, their configs, their code and their data."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from fuselab.reports.aggregate import CONSTANTS, measure_columns
from fuselab.reports.report import Report

TRACED = ("identity", "git_commit", "data", "data_fingerprint", "split_hash")


def frame_sources(made: Report, *, folder: Path) -> pd.DataFrame:
    """Return a row a run: which row of the table it counts for, where its files lie, and its value in every column.

    The mean of a column over the runs of a method and label is what stands in that place of the table, before it is
    rounded and given a unit; columns have the names of ``table.csv``.

    Args:
        made: the report
        folder: where the rows are written, from which the files are named
    """
    folders = {run.name: run.folder for run in made.loaded.runs}
    there = measure_columns(made.runs, split=made.split) | {name: name for name in CONSTANTS}
    rows = []
    for one in made.runs.to_dict("records"):
        run = folders[str(one["run"])]
        rows.append(
            {
                **{key: one[key] for key in ("method", "label", "seed")},
                **{column.name: one.get(there[column.name]) for column in made.columns.chosen},
                "result": _from(run.result_file, folder),
                "config": _from(run.config, folder),
                **{key: one.get(key) for key in TRACED},
            }
        )
    return pd.DataFrame(rows)


def _from(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
