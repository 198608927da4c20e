"""What changed between two sweeps of the same methods.

Shapes: P methods that both have, S seeds that both have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fuselab.errors import RunFolderError
from fuselab.reports.columns import HEADINGS
from fuselab.reports.labels import flatten, name_row
from fuselab.reports.load import SHARED, name_some
from fuselab.reports.markdown import write_markdown
from fuselab.reports.report import Report
from fuselab.reports.statistics.claims import CORRECTED, say_number, say_p
from fuselab.reports.statistics.correct import correct
from fuselab.reports.statistics.paired import Tested, student_test
from fuselab.reports.statistics.scores import Array, Scores, collect_scores
from fuselab.reports.statistics.settings import Settings
from fuselab.reports.table import PLUS_MINUS, Cell, Row, Table, say_fraction
from fuselab.runs.files import write_whole

HEADINGS_OF_CHANGE = ("seeds", "before", "now", "change", "interval", "p", "verdict")
NARROW = ("seeds", "before", "now", "change", "verdict")
WORSE, BETTER, SAME, OPEN, UNKNOWN = "worse", "better", "the same", "no change shown", "too few seeds to say"
ALIKE = "every seed alike: no spread to test"
VERDICT = len(HEADINGS_OF_CHANGE) - 1


def compare_reports(now: Report, before: Report, *, settings: Settings) -> Table:
    """Return a row for each method that both sweeps have: what it found then and now, over the seeds that both have.

    Args:
        now: of the later sweep
        before: of the earlier one
        settings: alpha and correction of the tests

    Raises:
        RunFolderError: other data or another split, or no method or metric in common
    """
    split = now.split
    metric = _metric(now, before)
    for key in ("data_fingerprint", "split_hash"):
        mine, theirs = (str(one.runs[key].iloc[0]) for one in (now, before))
        if mine != theirs:
            raise RunFolderError(
                f"the sweeps ({_call(now, before)}, {_call(before, now)}) must share one {key} ({mine}, {theirs}); "
                "what changed would be the data"
            )
    column = f"{split}.{metric}"
    later, earlier = (collect_scores(one.runs, column, samples=None) for one in (now, before))
    names = [name for name in later.names if name in earlier.names]
    seeds = [seed for seed in later.seeds if seed in earlier.seeds]
    if not names or not seeds:
        raise RunFolderError(
            f"the sweeps ({_call(now, before)}, {_call(before, now)}) must have a method and a seed in common; compare "
            "sweeps of the same methods"
        )
    then_PS, now_PS = (_picked(scores, names, seeds) for scores in (earlier, later))
    tested = student_test((1.0 if later.higher else -1.0) * (now_PS - then_PS), alpha=settings.alpha)
    corrected_P = correct(tested.p, correction=settings.correction)
    rows = now.runs[["method", "label", "family"]].astype(str).to_dict("records")
    families = {name_row(one["method"], one["label"]): one["family"] for one in rows}
    groups: dict[str, list[Row]] = {}
    for place, name in enumerate(names):
        verdict = _verdict(tested, place, holds=bool(corrected_P[place] <= settings.alpha))
        p = float(corrected_P[place])
        cells = (
            str(int(tested.seeds[place])),
            _mean(then_PS[place], now_PS[place]),
            _mean(now_PS[place], then_PS[place]),
            say_number(float(tested.difference[place]), metric) if tested.seeds[place] else "",
            _interval(tested, place, metric),
            say_p(p).removeprefix("p ").removeprefix("= ") if np.isfinite(p) else "",
            verdict,
        )
        marked = frozenset({VERDICT}) if verdict == WORSE else frozenset[int]()
        groups.setdefault(families[name], []).append(Row(families[name], name, "", tuple(map(Cell, cells)), marked))
    heading = HEADINGS.get(metric, metric)
    return Table(
        title=f"{_call(now, before)} against {_call(before, now)}: {heading} on the {split} split",
        notes=_notes(now, before, later, earlier),
        headings=HEADINGS_OF_CHANGE,
        families=tuple(tuple(rows) for rows in groups.values()),
        footnotes=(
            f"mean over the seeds that both sweeps have; a change is positive where it is better, with its "
            f"{100 * (1 - settings.alpha):g} % interval",
            f"bold: a regression (Student's t-test of the changes over seeds, {CORRECTED[settings.correction]} over "
            f"{len(names)} methods, alpha {settings.alpha:g}); it says nothing of other test samples",
        ),
    )


def compare_all(now: Sequence[Report], before: Sequence[Report], *, settings: Settings) -> list[Table]:
    """Compare each later report with the earlier one of the same data and split, if there is one of the same budget.

    Args:
        now: of the later sweeps
        before: of the earlier ones
        settings: alpha and correction of the tests

    Raises:
        RunFolderError: no two of them share data and split
    """
    pairs, alone = [], []
    for one in now:
        alike = [other for other in before if _kind(other, 2) == _kind(one, 2)]
        closest = [other for other in alike if _kind(other, 3) == _kind(one, 3)] or alike
        pairs += [(one, other) for other in closest[:1]]
        alone += [] if closest else [one.called]
    tables = [compare_reports(one, other, settings=settings) for one, other in pairs or [(now[0], before[0])]]
    said = f"not in {_call(before[0], now[0])}, and not compared: {name_some(alone)}"
    return [replace(table, notes=(said, *table.notes)) if alone else table for table in tables]


def _kind(made: Report, keys: int) -> list[object]:
    return [made.loaded.runs[0].result[key] for key in SHARED[:keys]]


def in_terminal(table: Table) -> list[Table]:
    """Return layouts of a table of changes from the widest to the narrowest.

    Args:
        table: from :func:`compare_reports`
    """

    def lean(row: Row) -> Row:
        seeds, before, now, change, *_, verdict = row.cells
        means = (Cell(cell.text.partition(f" {PLUS_MINUS} ")[0]) for cell in (before, now))
        marked = frozenset({NARROW.index("verdict")}) if row.marked else frozenset[int]()
        return replace(row, cells=(seeds, *means, change, verdict), marked=marked)

    families = tuple(tuple(map(lean, rows)) for rows in table.families)
    said = (*table.footnotes, "deviations, intervals and p are in against.md, or in a wider terminal")
    return [table, replace(table, headings=NARROW, families=families, footnotes=said)]


def write_tables(tables: Sequence[Table], path: Path) -> Path:
    """Write the tables as Markdown, and return the file."""
    text = "\n".join(map(write_markdown, tables)).encode()
    write_whole(path, lambda temporary: temporary.write_bytes(text))
    return path


def _metric(now: Report, before: Report) -> str:
    """Return the metric that both are compared in: the first one of the later report."""
    found = now.columns.compared()
    there = {column.name for column in before.columns.every()}
    if not found or found[0] not in there:
        said = found[0] if found else "none but the loss"
        raise RunFolderError(
            f"the metric of {_call(now, before)} ({said}) must be one that {_call(before, now)} has too; compare "
            "sweeps of one task"
        )
    return found[0]


def _call(made: Report, other: Report) -> str:
    """Return what a report's sweeps are called, with their parents where the other's have the same names."""
    names, others = (tuple(sweep.resolve() for sweep in one.loaded.sweeps) for one in (made, other))
    alike = {one.name for one in names} & {one.name for one in others}
    return "+".join(f"{one.parent.name}/{one.name}" if alike else one.name for one in names)


def _picked(scores: Scores, names: list[str], seeds: list[int]) -> Array:
    rows = [scores.names.index(name) for name in names]
    return np.asarray(scores.values[rows][:, [scores.seeds.index(seed) for seed in seeds]])


def _verdict(tested: Tested, place: int, *, holds: bool) -> str:
    difference, deviation = tested.difference[place], tested.deviation[place]
    if tested.seeds[place] and difference == 0 and not deviation > 0:
        return SAME
    if tested.seeds[place] < 2:
        return UNKNOWN
    if np.isnan(tested.p[place]):
        return ALIKE
    return (BETTER if difference > 0 else WORSE) if holds else OPEN


def _mean(values_S: Array, others_S: Array) -> str:
    there_S = np.isfinite(values_S) & np.isfinite(others_S)
    if not there_S.any():
        return "—"
    deviation = f" {PLUS_MINUS} {say_fraction(float(values_S[there_S].std(ddof=1)))}" if there_S.sum() > 1 else ""
    return say_fraction(float(values_S[there_S].mean())) + deviation


def _interval(tested: Tested, place: int, metric: str) -> str:
    if tested.seeds[place] < 2:
        return ""
    return f"{say_number(float(tested.low[place]), metric)} to {say_number(float(tested.high[place]), metric)}"


def _notes(now: Report, before: Report, later: Scores, earlier: Scores) -> tuple[str, ...]:
    said = []
    called = _call(now, before), _call(before, now)
    for name, there, elsewhere in zip(called, (later, earlier), (earlier, later), strict=True):
        if alone := [one for one in there.names if one not in elsewhere.names]:
            said.append(f"only in {name}: {name_some(alone)}")
    mine, theirs = _configs(now), _configs(before)
    keys = sorted(
        {
            key
            for place in mine.keys() & theirs.keys()
            for key in mine[place] | theirs[place]
            if mine[place].get(key) != theirs[place].get(key)
        }
    )
    if keys:
        said.append(f"settings that changed: {name_some(keys)}")
    commits = [{str(run.result.get("git_commit")) for run in report.loaded.runs} for report in (now, before)]
    if commits[0] != commits[1]:
        said.append("the code changed: the runs come from other commits")
    return tuple(said)


def _configs(made: Report) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the settings of each run by its row and seed."""
    runs = {run.name: run for run in made.loaded.runs}
    rows = made.runs[["run", "method", "label"]].astype(str).to_dict("records")
    return {
        (name_row(one["method"], one["label"]), runs[one["run"]].seed): flatten(runs[one["run"]].config) for one in rows
    }
