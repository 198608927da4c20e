"""The statistics of a report as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from fuselab.reports.markdown import escape_markdown
from fuselab.reports.statistics.analyse import Statistics, frame_pairs
from fuselab.reports.statistics.claims import CORRECTED, say_claim, say_metric, say_number, say_p, say_result
from fuselab.reports.statistics.compare import Comparisons
from fuselab.reports.statistics.omnibus import Omnibus
from fuselab.reports.statistics.scores import FRACTIONS
from fuselab.reports.statistics.settings import Settings

WHY = {
    "crossed": (
        "Runs are paired by seed, and every run answers the same test samples. A difference counts only where it "
        "exceeds what both other seeds and other test samples would do to it (Banerjee's bound on Student's t of the "
        "seeds and the normal error of the samples)."
    ),
    "t": (
        "Runs are paired by seed; Student's t-test of the differences. It says whether a difference would be there "
        "with other seeds on these very test samples, not whether it would on others. It takes the differences for "
        "normally distributed; a test by ranks takes nothing, but can't go below p = 0.0625 with 5 seeds."
    ),
    "wilcoxon": (
        "Runs are paired by seed; Wilcoxon's signed-rank test of the differences. It says whether a difference would "
        "be there with other seeds on these very test samples. With S seeds its two-sided p can't go below 2 / 2^S: "
        "0.0625 with 5 seeds, 0.002 with 10, before any correction."
    ),
}
SLICES = (
    "slices",
    "The slices of one test set are no independent sets of data: the same trained models answer them. So this "
    "describes, and its p is no evidence for other data.",
)
COVER = {
    "holm": "the chance of even one false claim among all of them is at most alpha",
    "benjamini_hochberg": "the expected share of false claims among all claims is at most alpha",
}
LEGEND = (
    "g: Hedges' effect size of paired differences (Cohen's d_z without its bias), in deviations over seeds",
    "better in: share of seeds with a positive difference, ties half, and the exact interval of that chance (P(A > B) "
    "of Bouthillier et al. 2021)",
    "bootstrap: of seeds and test samples, percentiles; too narrow for few seeds, so that no claim rests on it",
    "McNemar: p of two trained models on the same test samples, over seeds as twice the mean, which holds however they "
    "depend on one another; it knows nothing of other seeds",
)


def write_statistics(statistics: Statistics, *, title: str) -> tuple[str, pd.DataFrame]:
    """Return the section, and a row for every pair of methods.

    Args:
        statistics: of the sweep
        title: what the table is of
    """
    pairs, settings = statistics.pairs, statistics.settings
    scores, frame = pairs.scores, frame_pairs(pairs, settings=settings)
    best = statistics.best[next(iter(statistics.best))]
    lines = [f"# Statistics: {escape_markdown(title)}", "", f"## What holds in {say_metric(scores.metric)}", ""]
    lines += [f"- {escape_markdown(said)}" for said in say_result(pairs, best, settings=settings)]
    if len(pairs):
        lines += ["", "## How it was tested", "", *(f"- {escape_markdown(said)}" for said in _how(statistics))]
    reference = statistics.to_baseline
    if reference is None and best.leader is not None:
        lines += ["", f"## Against {escape_markdown(best.leader)}, which leads", ""]
        lines += [
            "p is corrected over all pairs, since the leader was chosen by these very numbers; for the same reason its "
            "lead is likely to be smaller than it looks.",
            "",
        ]
        # The leader stands first in its pairs with all others that were tested.
        places = np.flatnonzero(pairs.first == scores.index(best.leader))
        lines += _table(pairs.only(places), frame.iloc[places], vary="second", settings=settings)
    elif reference is not None and settings.baseline is not None:
        lines += ["", f"## Against the baseline {escape_markdown(settings.baseline)}", ""]
        lines += [
            f"p is corrected over these {len(reference)} comparisons alone. Who claims from them and from all pairs "
            "too has two chances of a false claim.",
            "",
        ]
        lines += _table(reference, frame_pairs(reference, settings=settings), vary="first", settings=settings)
    if statistics.omnibus is not None:
        lines += ["", "## Ranks over slices", "", *say_ranks(statistics.omnibus, SLICES, alpha=settings.alpha)]
    return "\n".join(lines) + "\n", frame


def list_claims(statistics: Statistics | str) -> tuple[str, ...]:
    """Return what holds and what doesn't, a sentence each: of all methods, of the leader and every other, and why.

    Args:
        statistics: of the sweep, or why there are none
    """
    if isinstance(statistics, str):
        return (statistics,)
    pairs, settings = statistics.pairs, statistics.settings
    best = statistics.best[next(iter(statistics.best))]
    said = list(say_result(pairs, best, settings=settings))
    if best.leader is not None:
        places = np.flatnonzero(pairs.first == pairs.scores.index(best.leader))
        said += [say_claim(pairs, int(place), settings=settings) for place in places]
    return (*said, *_how(statistics))


def _how(statistics: Statistics) -> list[str]:
    pairs, settings = statistics.pairs, statistics.settings
    said = [WHY[pairs.test]]
    if statistics.seeds_alone:
        said.append(f"Test samples could not be counted: {statistics.seeds_alone}.")
    said.append(
        f"p-values are {CORRECTED[settings.correction]} over {len(pairs)} pairs of methods; with alpha "
        f"{settings.alpha:g}, {COVER[settings.correction]}."
    )
    said.append(
        "What may be the best, and is bold in the table: each method's p that no other is better than it combines the "
        f"one-sided tests of all others against it (Simes), and is {CORRECTED[settings.correction]} over "
        f"{len(pairs.scores.names)} methods. So a method that several others beat is shown not to be the best also "
        "where no single pair of them is shown to differ."
    )
    said.append(
        "All runs share one split of one set of data: nothing is said of other splits, and a method that was tuned for "
        "this data keeps that advantage."
    )
    for name, seeds in pairs.scores.gaps().items():
        said.append(f"{name} has no run of {_seeds(seeds)}: its pairs are over the seeds that both methods have.")
    for name, seeds in pairs.scores.without_number.items():
        said.append(
            f"{name} found no number with {_seeds(seeds)} and is not compared: its other seeds would speak for these."
        )
    return said


def _table(
    comparisons: Comparisons, frame: pd.DataFrame, *, vary: Literal["first", "second"], settings: Settings
) -> list[str]:
    metric = comparisons.scores.metric
    level = f"{100 * (1 - settings.alpha):g} %"
    headings = ("method", "seeds", "difference", f"{level} interval", "p", "g", "better in")
    more = tuple(name for name in ("bootstrap", "McNemar") if _known(frame, name))
    lines = [_line((*headings, *more)), _line(("---", *("---:" for _ in (*headings[1:], *more))))]
    for row in frame.to_dict("records"):
        cells = [
            escape_markdown(str(row[vary])),
            str(row["seeds"]),
            _number(row["difference"], metric),
            _interval(row["low"], row["high"], metric),
            "—" if np.isnan(row["corrected_p"]) else say_p(row["corrected_p"]).removeprefix("p = ").removeprefix("p "),
            "—" if np.isnan(row["hedges_g"]) else f"{row['hedges_g']:.1f}",
            _share(row),
        ]
        if "bootstrap" in more:
            cells.append(_interval(row["bootstrap_low"], row["bootstrap_high"], metric))
        if "McNemar" in more:
            cells.append(say_p(row["mcnemar_p"]).removeprefix("p = ").removeprefix("p "))
        if row["holds"]:
            cells[2] = f"**{cells[2]}**"
        lines.append(_line(cells))
    who = "the method" if vary == "first" else comparisons.scores.names[comparisons.first[0]]
    lines += ["", "bold: the difference holds  "]
    lines += [f"difference: {_unit(metric)}, mean over seeds, positive where {escape_markdown(who)} is better  "]
    lines += ["interval: of this one difference, uncorrected  "]
    lines += [f"{escape_markdown(said)}  " for said in LEGEND if said.partition(":")[0] in (*headings, *more)]
    lines += ["", "In words:", ""]
    lines += [
        f"- {escape_markdown(say_claim(comparisons, place, settings=settings))}" for place in range(len(comparisons))
    ]
    return lines


def say_ranks(omnibus: Omnibus, over: tuple[str, str], *, alpha: float) -> list[str]:
    """Return average ranks as lines of Markdown.

    Args:
        omnibus: the ranks
        over: what they are over, and a sentence on what that means for the test
        alpha: of the critical difference
    """
    what, meaning = over
    lines = [
        f"Average ranks of the means over {len(omnibus.blocks)} {what} ({escape_markdown(', '.join(omnibus.blocks))}). "
        f"{meaning}",
        "",
        f"Friedman: chi-square {omnibus.statistic:.1f}, {say_p(omnibus.p)}. Nemenyi's critical difference of ranks at "
        f"alpha {alpha:g}: {omnibus.critical_difference:.2f}.",
        "",
    ]
    if omnibus.left_out:
        lines += [f"Left out, since a method lacks a number: {escape_markdown(', '.join(omnibus.left_out))}.", ""]
    lines += [_line(("method", "average rank")), _line(("---", "---:"))]
    order = np.argsort(omnibus.rank, kind="stable")
    return [*lines, *(_line((escape_markdown(omnibus.names[one]), f"{omnibus.rank[one]:.2f}")) for one in order)]


def _known(frame: pd.DataFrame, name: str) -> bool:
    column = {"bootstrap": "bootstrap_low", "McNemar": "mcnemar_p"}[name]
    return bool(frame[column].notna().any())


def _number(value: float, metric: str) -> str:
    return "—" if np.isnan(value) else say_number(value, metric)


def _interval(low: float, high: float, metric: str) -> str:
    return "—" if np.isnan(low) else f"{say_number(low, metric)} to {say_number(high, metric)}"


def _share(row: dict[object, float]) -> str:
    if np.isnan(row["better_share"]):
        return "—"
    return f"{row['better_share']:.2f} ({row['better_low']:.2f} to {row['better_high']:.2f})"


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def _unit(metric: str) -> str:
    return "points" if metric in FRACTIONS else say_metric(metric)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
