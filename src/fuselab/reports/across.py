"""Methods over several sets of data, splits or budgets: one column each, and average ranks."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from fuselab.reports.labels import name_row
from fuselab.reports.load import name_some
from fuselab.reports.report import Report
from fuselab.reports.statistics.claims import say_p
from fuselab.reports.statistics.omnibus import Omnibus, friedman_nemenyi
from fuselab.reports.statistics.scores import HIGHER, LOWER
from fuselab.reports.table import NOTHING, PLUS_MINUS, Cell, Row, Table, make_cell

NO_RANKS = "ranks must be of a known metric, of at least 3 methods and of 2 sets of runs that all of them have"
FEW = 5  # sets of data below which Friedman's chi-square is a poor approximation (Demšar 2006, section 3.2.2)


@dataclass(frozen=True)
class Across:
    """What several reports say together.

    Args:
        table: a row a method, a column a report
        frame: the same as numbers
        ranks: of the methods that all of them have; None where these are too few
        alpha: of their critical difference
        independent: whether no two of them are of the same data
        claims: sentences of what holds over all of them
    """

    table: Table
    frame: pd.DataFrame
    ranks: Omnibus | None
    alpha: float
    independent: bool
    claims: tuple[str, ...]

    def in_terminal(self) -> list[Table]:
        """Layouts from the widest to the narrowest."""
        lean = [
            tuple(replace(row, cells=tuple(Cell(cell.mean, value=cell.value) for cell in row.cells)) for row in rows)
            for rows in self.table.families
        ]
        said = ("means over seeds; their deviations are in table.md", *self.table.footnotes[1:])
        return [self.table, replace(self.table, families=tuple(lean), footnotes=said)]

    @property
    def over(self) -> tuple[str, str]:
        """What the ranks are over, and what that means for a test."""
        if self.independent:
            return (
                "sets of data",
                "Each counts once, however many samples it has; two versions of one corpus would not be independent, "
                "which nobody can tell from their files.",
            )
        return (
            "sets of runs",
            "Some are of the same data, so they are no independent sets: this describes, and its p is no evidence for "
            "other data.",
        )


def compare_across(reports: Sequence[Report]) -> Across:
    """Put the first metric of each report beside that of the others; no mean is taken over them.

    Args:
        reports: of different data, splits or budgets, with one layout
    """
    shown = [one for one in reports if one.columns.main]
    rows = [
        {name_row(str(row["method"]), str(row["label"])): row for row in one.methods.to_dict("records")}
        for one in shown
    ]
    ranks = _rank(shown, rows)
    place_of = {} if ranks is None else {name: place for place, name in enumerate(ranks.names)}
    groups: dict[str, list[Row]] = {}
    for name, (family, called, label) in _order(reports).items():
        cells = [
            make_cell(found[name], one.columns.main[0]) if name in found else NOTHING
            for one, found in zip(shown, rows, strict=True)
        ]
        marked = {place for place, one in enumerate(shown) if name in one.marked().get(one.columns.main[0].name, ())}
        if ranks is not None:
            rank = ranks.rank[place_of[name]] if name in place_of else None
            cells.append(NOTHING if rank is None else Cell(f"{rank:.2f}", value=float(rank)))
        groups.setdefault(family, []).append(Row(family, called, label, tuple(cells), frozenset(marked), name))
    independent = len({str(one.runs["data_fingerprint"].iloc[0]) for one in reports}) == len(reports)
    headings = [f"{one.called} {one.columns.main[0].heading}" for one in shown]
    return Across(
        table=Table(
            title=f"{len(reports)} sets of runs, {reports[0].split} split",
            notes=_notes(reports),
            headings=(*headings, *(["average rank"] if ranks is not None else [])),
            families=tuple(tuple(several) for several in groups.values()),
            footnotes=_footnotes(reports, shown, ranks),
        ),
        frame=_frame(shown, rows, ranks, _order(reports)),
        ranks=ranks,
        alpha=reports[0].layout.statistics.alpha,
        independent=independent,
        claims=_claims(shown, ranks, independent=independent),
    )


def _order(reports: Sequence[Report]) -> dict[str, tuple[str, str, str]]:
    """Return family, method and label of every row by its name, in the order of the tables."""
    names, families = reports[0].layout.names, reports[0].layout.families
    found = {}
    for one in reports:
        for row in one.methods[["method", "label", "family"]].astype(str).to_dict("records"):
            found[name_row(row["method"], row["label"])] = (row["family"], row["method"], row["label"])

    def rank(item: tuple[str, tuple[str, str, str]]) -> tuple[int, str, str, str]:
        family, method, label = item[1]
        return (families.index(family) if family in families else len(families), family, method, label)

    return {
        name: (names.get(family, family), names.get(method, method), label)
        for name, (family, method, label) in sorted(found.items(), key=rank)
    }


def _frame(
    shown: Sequence[Report],
    rows: Sequence[dict[str, dict[Hashable, Any]]],
    ranks: Omnibus | None,
    order: dict[str, tuple[str, str, str]],
) -> pd.DataFrame:
    """Return a row a method: mean and deviation in each report, and the average rank."""
    columns = {
        f"{one.called} {one.columns.main[0].name}_{what}": [
            found.get(name, {}).get(f"{one.columns.main[0].name}_{what}") for name in order
        ]
        for one, found in zip(shown, rows, strict=True)
        for what in ("mean", "std")
    }
    if ranks is not None:
        place = {name: number for number, name in enumerate(ranks.names)}
        columns["average_rank"] = [float(ranks.rank[place[name]]) if name in place else None for name in order]
    return pd.DataFrame({"method": list(order), **columns})


def _rank(shown: Sequence[Report], rows: Sequence[dict[str, dict[Hashable, Any]]]) -> Omnibus | None:
    everywhere = [name for name in rows[0] if all(name in found for found in rows)] if rows else []
    value_DK = np.array(
        [
            [float(str(found[name][f"{one.columns.main[0].name}_mean"])) for name in everywhere]
            for one, found in zip(shown, rows, strict=True)
        ]
    ).reshape(len(shown), len(everywhere))
    if any(one.columns.main[0].name not in HIGHER | LOWER for one in shown):
        return None  # nobody knows whether more is better
    # Metrics of different data may point in different directions.
    sign_D = np.array([1.0 if one.columns.main[0].name in HIGHER else -1.0 for one in shown])
    value_DK = value_DK * sign_D[:, None]
    kept_K = np.isfinite(value_DK).all(0)
    if kept_K.sum() < 3 or len(shown) < 2:
        return None
    return friedman_nemenyi(
        value_DK[:, kept_K],
        names=tuple(name for name, kept in zip(everywhere, kept_K, strict=True) if kept),
        blocks=tuple(one.called for one in shown),
        higher=True,
        alpha=shown[0].layout.statistics.alpha,
    )


def _notes(reports: Sequence[Report]) -> tuple[str, ...]:
    said = []
    for one in reports:
        said.append(one.title if one.title.startswith(f"{one.called}, ") else f"{one.called}: {one.title}")
        said += [f"{one.called}: {note}" for note in one.notes]
    sweeps = {sweep for one in reports for sweep in one.loaded.sweeps}
    for sweep in sorted(sweeps):
        called = [one.called for one in reports if sweep in one.loaded.sweeps]
        if len(called) > 1:
            said.insert(
                0,
                f"runs of {sweep.name} differ in data, split or budget and never share a column: {name_some(called)}",
            )
    return tuple(said)


def _footnotes(reports: Sequence[Report], shown: Sequence[Report], ranks: Omnibus | None) -> tuple[str, ...]:
    cell = {
        "deviation": f"mean {PLUS_MINUS} sample standard deviation",
        "interval": "mean [bootstrap interval]",
        "mean": "mean",
    }[reports[0].layout.cell]
    counts = {one.called: sorted(set(one.methods["seeds"])) for one in shown}
    seeds = ", ".join(
        f"{called} {several[0] if len(several) == 1 else f'{several[0]} to {several[-1]}'}"
        for called, several in counts.items()
    )
    if not shown:
        return ("there is no metric but the loss",)
    said = [f"{cell} over seeds ({seeds})"]
    if any(one.marked().get(one.columns.main[0].name) for one in shown):
        said.append("bold: may be the best in that column, and no other may, as tested in its own report")
    else:
        said.append("no bold: nowhere could a method be shown not to be the best")
    if ranks is not None:
        said.append("average rank: of the means, 1 is best, over all columns; of methods that all columns have")
    return tuple(said)


def _claims(shown: Sequence[Report], ranks: Omnibus | None, *, independent: bool) -> tuple[str, ...]:
    if ranks is None:
        return (f"{NO_RANKS}: nothing is said of methods over all of them",)
    settings = shown[0].layout.statistics
    number, methods = len(ranks.blocks), len(ranks.names)
    differ = "differ" if ranks.p <= settings.alpha else "are not shown to differ"
    said = [
        f"the average ranks of {methods} methods over {number} {'sets of data' if independent else 'sets of runs'} "
        f"{differ} (Friedman's chi-square {ranks.statistic:.1f}, {say_p(ranks.p)})"
    ]
    if ranks.critical_difference >= methods - 1:
        said.append(
            f"with {number} of them no two of {methods} methods could be told apart: their ranks would have to differ "
            f"by {ranks.critical_difference:.2f}, and can by {methods - 1} at most"
        )
    first, second = np.nonzero(np.triu(ranks.p_pairs <= settings.alpha, 1))
    for one, two in zip(first.tolist(), second.tolist(), strict=True):
        better, worse = (one, two) if ranks.rank[one] < ranks.rank[two] else (two, one)
        said.append(
            f"{ranks.names[better]} ranks before {ranks.names[worse]} ({ranks.rank[better]:.2f} against "
            f"{ranks.rank[worse]:.2f}, Nemenyi's {say_p(float(ranks.p_pairs[one, two]))})"
        )
    if number < FEW:
        said.append(f"Friedman's p is an approximation that is poor for fewer than {FEW} of them")
    if not independent:
        said.append("some of them are of the same data: this describes, and is no evidence for other data")
    return tuple(said)
