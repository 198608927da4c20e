"""What stands above and below a table, so that its numbers can't be read as more than they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from fuselab.reports.aggregate import Split
from fuselab.reports.columns import Columns
from fuselab.reports.labels import differences_between_methods, name_row
from fuselab.reports.load import Loaded, Run, name_some
from fuselab.reports.statistics.analyse import Statistics
from fuselab.reports.statistics.marks import say_marks
from fuselab.reports.table import Column
from fuselab.runs.record import say_record

CODE = {"git_commit": "commits", "versions": "sets of package versions"}


def title(runs: Sequence[Run], *, split: Split) -> str:
    """Return what the table is of: the data, the split, and what every run was given.

    Args:
        runs: finished runs
        split: whose metrics the table shows
    """
    data = ", ".join(sorted({str(run.result["data"]) for run in runs}))
    budget = ", ".join(f"{key} {value}" for key, value in sorted(runs[0].result["budget"].items()))
    return f"{data}, {split} split, {len(runs)} run{'s' * (len(runs) > 1)} with {budget}"


def notes(loaded: Loaded, labels: dict[str, str]) -> tuple[str, ...]:
    """Return what a reader has to know before the numbers.

    Args:
        loaded: the sweep's runs
        labels: what tells runs of one method apart, by run name
    """
    runs = loaded.runs
    said = [_left_out(loaded), _seeds(runs, labels), _not_searched(loaded)]
    if keys := differences_between_methods(runs):
        said.append(f"methods differ in more than their fusion: {name_some(keys)}")
    for key, words in CODE.items():
        if (count := len({json.dumps(run.result.get(key), sort_keys=True) for run in runs})) > 1:
            said.append(f"the runs come from {count} {words}")
    for warning in sorted({one for run in runs for one in run.result.get("warnings", ())}):
        said.append(f"the data: {warning}")
    return tuple(filter(None, said))


def footnotes(
    methods: pd.DataFrame,
    shown: Sequence[Column],
    columns: Columns,
    *,
    split: Split,
    statistics: Statistics | str,
    search: dict[str, Any] | None = None,
) -> tuple[str, ...]:
    """Return how to read the numbers.

    Args:
        methods: a row a method and label
        shown: the columns of this table
        columns: all that there are
        split: whose metrics they are
        statistics: what can be claimed of them, or why nothing can
        search: the record of the search that chose the settings, if one did
    """
    counts = sorted(set(methods["seeds"]))
    several = [count for count in counts if count > 1]
    if not several:
        said = ["one seed, so no deviation"]
    else:
        over = f"{several[0]}" if len(several) == 1 else f"{several[0]} to {several[-1]}"
        said = [f"mean ± sample standard deviation over {over} seeds"]
        if counts[0] == 1:
            said.append("a row with one seed has no deviation")
    said += say_marks(statistics, shown)
    slices = [column for column in shown if column.name in {one.name for one in columns.slices}]
    if slices:
        names = ", ".join(column.heading for column in slices)
        deviation = "" if slices[0].deviation else "; their deviations are in table.md"
        said.append(f"{columns.main[0].heading} per slice of the {split} split: {names}{deviation}")
    elif columns.slices:
        said.append("slices are in table.md, or in a wider terminal")
    return (*said, *(say_record(search) if search else ()))


def _left_out(loaded: Loaded) -> str:
    parts = [f"{len(names)} {state}" for state, names in loaded.left_out.items()]
    parts += [f"{loaded.waiting} not begun"] * (loaded.waiting > 0)
    names = [name for several in loaded.left_out.values() for name in several]
    return f"left out: {', '.join(parts)}{': ' * bool(names)}{name_some(names)}" if parts else ""


def _not_searched(loaded: Loaded) -> str:
    """Say which runs have settings that no search chose, where one chose those of the others."""
    if loaded.search is None:
        return ""
    refits = {refit["identity"] for one in loaded.search["values"] for refit in one["refits"]}
    others = [run.name for run in loaded.runs if run.result["identity"] not in refits]
    return f"not chosen by the search: {name_some(others)}" if others else ""


def _seeds(runs: Sequence[Run], labels: dict[str, str]) -> str:
    seeds: dict[str, set[int]] = {}
    for run in runs:
        seeds.setdefault(name_row(run.method, labels[run.name]), set()).add(run.seed)
    every = set.union(*seeds.values())
    lacking = {name: sorted(every - has) for name, has in sorted(seeds.items()) if every - has}
    parts = [f"{name} lacks {', '.join(map(str, missing))}" for name, missing in lacking.items()]
    return f"seeds differ: {'; '.join(parts)}" if parts else ""
