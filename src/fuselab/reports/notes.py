"""What stands above and below a table, so that its numbers can't be read as more than they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from fuselab.reports.columns import Columns
from fuselab.reports.labels import differences_between_methods, name_row
from fuselab.reports.load import NAMED, Loaded, Run, Split, name_some
from fuselab.reports.statistics.analyse import Statistics
from fuselab.reports.statistics.marks import say_marks
from fuselab.reports.statistics.settings import Settings
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
    given = f" with {budget}" if budget else ""
    return f"{data}, {split} split, {len(runs)} run{'s' * (len(runs) > 1)}{given}"


def notes(loaded: Loaded, labels: dict[str, str]) -> tuple[str, ...]:
    """Return what a reader has to know before the numbers.

    Args:
        loaded: the sweep's runs
        labels: what tells runs of one method apart, by run name
    """
    runs = loaded.runs
    said = [_left_out(loaded), *_reasons(loaded), _copies(loaded), _seeds(runs, labels), _not_searched(loaded)]
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
    settings: Settings,
    searches: Sequence[dict[str, Any]] = (),
) -> tuple[str, ...]:
    """Return how to read the numbers.

    Args:
        methods: a row a method and label
        shown: the columns of this table
        columns: all that there are
        split: whose metrics they are
        statistics: what can be claimed of them, or why nothing can
        settings: of the bootstrap
        searches: records of the searches that chose the settings
    """
    said = [*_say_spread(methods, shown, statistics, settings), *say_marks(statistics, shown)]
    slices = [column for column in shown if column.name in {one.name for one in columns.slices}]
    asked = {one.name for one in columns.chosen}.intersection(one.name for one in columns.slices)
    if slices:
        names = ", ".join(column.heading.removesuffix(" %") for column in slices)
        less = slices[0].spread != next(one.spread for one in columns.slices)
        more = "; their deviations are in table.md" if less else ""
        said.append(f"{columns.main[0].heading.removesuffix(' %')} per slice of the {split} split: {names}{more}")
    elif asked:
        said.append("slices are in table.md, or in a wider terminal")
    return (*said, *(line for search in searches for line in say_record(search)))


def _say_spread(
    methods: pd.DataFrame, shown: Sequence[Column], statistics: Statistics | str, settings: Settings
) -> list[str]:
    """Say what stands in a cell."""
    counts = sorted(set(methods["seeds"]))
    several = [count for count in counts if count > 1]
    over = f"{several[0] if len(several) == 1 else f'{several[0]} to {several[-1]}'} seeds" if several else "one seed"
    spreads = {column.spread for column in shown}
    drawn_of = [
        column
        for column in shown
        if column.spread == "interval"
        and f"{column.name}_low" in methods
        and methods[f"{column.name}_low"].notna().any()
    ]
    if "interval" in spreads and not drawn_of:
        return [f"mean over {over}; nothing to draw an interval from"]
    if drawn_of:
        samples = [] if isinstance(statistics, str) else [
            name for name, scores in statistics.scores.items() if scores.samples is not None
        ]  # fmt: skip
        level, drawn = f"{100 * (1 - settings.alpha):g} %", f"{settings.resamples} resamples"
        both = [column.heading for column in drawn_of if column.name in samples]
        seeds = [column.heading for column in drawn_of if column.name not in samples]
        said = [f"mean [{level} bootstrap interval, {drawn}] over {over}"]
        if both:
            said.append(f"drawn over seeds and test samples: {', '.join(both)}")
        if seeds:
            said.append(f"drawn over seeds alone: {', '.join(seeds)}")
        return [*said, "an interval over few seeds is too narrow; bold rests on tests, not on it"]
    if "deviation" not in spreads:
        return [f"mean over {over}"]
    if not several:
        return ["one seed, so no deviation"]
    said = [f"mean ± sample standard deviation over {over}"]
    if counts[0] == 1:
        said.append("a row with one seed has no deviation")
    return said


def _left_out(loaded: Loaded) -> str:
    parts = [f"{len(names)} {state}" for state, names in loaded.left_out.items()]
    parts += [f"{loaded.waiting} not begun"] * (loaded.waiting > 0)
    names = [name for several in loaded.left_out.values() for name in several]
    return f"left out: {', '.join(parts)}{': ' * bool(names)}{name_some(names)}" if parts else ""


def _reasons(loaded: Loaded) -> list[str]:
    """Say why what can't be read can't be read."""
    more = len(loaded.reasons) - NAMED
    return [*loaded.reasons[:NAMED], *([f"{more} more can't be read"] if more > 0 else [])]


def _copies(loaded: Loaded) -> str:
    names = loaded.copies
    return f"in more than one of the sweeps, and counted once: {name_some(names)}" if names else ""


def _not_searched(loaded: Loaded) -> str:
    """Say which runs have settings that no search chose, where one chose those of the others."""
    if not loaded.searches:
        return ""
    found = [one for search in loaded.searches for one in search["values"]]
    refits = {refit["identity"] for one in found for refit in one["refits"]}
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
