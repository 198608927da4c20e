"""The first metric against cost: parameters, FLOPs and seconds of training, and who has no cheaper and better one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fuselab.reports.plots.interval import say_seeds, t_interval
from fuselab.reports.plots.material import Drawn, Material, Row
from fuselab.reports.plots.style import (
    FAINT,
    LINE,
    SMALL,
    TEXT,
    WIDTH,
    Look,
    drawable,
    look_of_families,
    new_figure,
    place,
    show_families,
    width_of,
)
from fuselab.reports.table import say_count
from fuselab.runs.predictions import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COSTS = {"parameters": "parameters", "flops": "FLOPs of a sample", "fit": "seconds of training"}
NUMBERED = 12  # rows that are all numbered; of more, those on a front
LEFT, TOP, HEIGHT, BELOW, GAP = 0.55, 0.3, 2.3, 0.5, 0.18
# Where a number may stand beside its point, in points of print; the first free place is taken.
BESIDE = tuple((x, y) for y in (5, -5, 0, 10, -10, 14, -14) for x in (7, -7, 12, -12))


def draw_cost(material: Material) -> Drawn | str:
    """Draw the first metric against each cost, with its Pareto front.

    Args:
        material: the sweep
    """
    rows = material.shown
    mean_R = np.array([np.mean(material.values(row)) for row in rows])
    if not np.isfinite(mean_R).any():
        return f"no run has a number for {material.heading}"
    costs = {name: np.array([_cost(row, name) for row in rows]) for name in COSTS}
    costs = {name: cost_R for name, cost_R in costs.items() if _there(cost_R, mean_R).any()}
    if not costs:
        return "no run has counted its parameters, FLOPs or seconds"
    fronts = {name: pareto_front(cost_R, mean_R, higher=material.higher) for name, cost_R in costs.items()}
    on_front = {one for front in fronts.values() for one in front}
    numbered = [one for one in range(len(rows)) if len(rows) <= NUMBERED or one in on_front]
    numbers = {one: number for number, one in enumerate(numbered, start=1)}
    key = [f"{number}  {drawable(rows[one].name)}" for one, number in numbers.items()]
    columns = max(1, min(4, int((WIDTH - LEFT) // (width_of(key, size=SMALL) + 0.2))))
    lines = -(-len(key) // columns)
    figure = new_figure(WIDTH, TOP + HEIGHT + BELOW + lines * LINE + 0.05)
    looks = look_of_families([row.family for row in rows])
    intervals = np.array([t_interval(material.values(row)) for row in rows])
    width = (WIDTH - LEFT - 0.1 - GAP * (len(costs) - 1)) / len(costs)
    for column, (name, cost_R) in enumerate(costs.items()):
        axes = place(figure, left=LEFT + column * (width + GAP), top=TOP, width=width, height=HEIGHT)
        _scale(axes, cost_R, mean_R)
        _draw_points(axes, cost_R, mean_R, intervals, [looks[row.family] for row in rows], fronts[name])
        # Of many, each panel numbers its own front alone.
        mine = numbers if len(rows) <= NUMBERED else {one: numbers[one] for one in fronts[name]}
        _number_points(axes, cost_R, mean_R, intervals, mine, fronts[name])
        axes.set_xlabel(COSTS[name], size=TEXT)
        axes.tick_params(labelleft=column == 0)
        if column == 0:
            axes.set_ylabel(material.axis, size=SMALL)
    show_families(figure, looks, left=LEFT, top=0.06, points=True)
    _write_key(figure, key, columns=columns)
    seeds = say_seeds([len(row.runs) for row in rows], interval="95 % t interval")
    return Drawn(
        figure,
        f"{material.heading} on the {material.split} split against cost, {seeds}; filled points lie on the Pareto "
        "front (broken line): none is both cheaper and better in the mean; seconds are those of the machines at hand"
        f"{material.more}",
    )


def pareto_front(cost_R: Sequence[float] | Array, value_R: Sequence[float] | Array, *, higher: bool) -> list[int]:
    """Return the places of those that nothing cheaper, or as cheap, is as good as, the cheapest first.

    Args:
        cost_R: of each; those that cost nothing or without a number are on no front
        value_R: of each; those without a number are on no front
        higher: whether more is better

    Example:
        >>> pareto_front([1, 2, 3, 2], [0.5, 0.7, 0.6, 0.6], higher=True)
        [0, 1]
    """
    good_R = np.asarray(value_R, dtype=float) * (1 if higher else -1)
    costs_R = np.asarray(cost_R, dtype=float)
    front: list[int] = []
    for one in sorted(
        np.flatnonzero(_there(costs_R, good_R)).tolist(), key=lambda one: (costs_R[one], -good_R[one], one)
    ):
        if not front or good_R[one] > good_R[front[-1]]:
            front.append(one)
    return front


def _cost(row: Row, name: str) -> float:
    values = [run.result["seconds"].get("fit") if name == "fit" else run.result[name] for run in row.runs]
    return float(np.mean([np.nan if one is None else float(one) for one in values]))


def _there(cost_R: Array, mean_R: Array) -> Array:
    return np.isfinite(cost_R) & (cost_R > 0) & np.isfinite(mean_R)


def _scale(axes: Axes, cost_R: Array, mean_R: Array) -> None:
    from matplotlib.ticker import NullLocator

    there = _there(cost_R, mean_R)
    low, high = float(cost_R[there].min()), float(cost_R[there].max())
    # Room for numbers beside the outermost points.
    spread = max((high / low) ** 0.1, 1.12)
    axes.set_xscale("log")
    axes.set_xlim(low / spread, high * spread)
    ticks = _ticks(low / spread, high * spread)
    axes.set_xticks(ticks, [_say_tick(one) for one in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    bottom, top = float(mean_R[there].min()), float(mean_R[there].max())
    room = 0.12 * (top - bottom or 0.1)
    axes.set_ylim(bottom - room, top + room)
    axes.grid()


def _ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers between two bounds, far enough apart on an axis of logarithms.

    Example:
        >>> _ticks(33_000, 270_000), _ticks(6.5, 28.0), _ticks(1e3, 1e9)
        ([50000.0, 100000.0, 200000.0], [7.0, 10.0, 15.0, 20.0], [1000.0, 100000.0, 10000000.0, 1000000000.0])
    """
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    found: list[float] = []
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), tuple(np.arange(10, 100) / 10)):
        every = [float(f"{step * 10.0**power:.3g}") for power in powers for step in steps]
        found = [one for one in every if low <= one <= high]
        if len(found) > 2:
            break
    # Where all cost about the same, labels are long for the room that they have.
    most = 5 if high / low > 2 else 3
    return found[:: -(-len(found) // most)]


def _say_tick(value: float) -> str:
    number, _, unit = say_count(value).partition(" ") if value >= 999.5 else (f"{value:g}", "", "")
    whole = number.rstrip("0").rstrip(".") if "." in number else number
    return f"{whole} {unit}".strip()


def _draw_points(
    axes: Axes, cost_R: Array, mean_R: Array, intervals: Array, looks: Sequence[Look], front: Sequence[int]
) -> None:
    edge = [cost_R[front], mean_R[front]]
    axes.step(*edge, where="post", color=FAINT, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1, label="front")
    for one, look in enumerate(looks):
        axes.plot([cost_R[one]] * 2, intervals[one], color=look.color, linewidth=0.8, zorder=2)
        face = look.color if one in front else "white"
        axes.plot(cost_R[one], mean_R[one], look.marker, color=face, markeredgecolor=look.color, markersize=5, zorder=3)


def _number_points(
    axes: Axes, cost_R: Array, mean_R: Array, intervals: Array, numbers: Mapping[int, int], front: Sequence[int]
) -> None:
    """Write each number where it covers neither a point, nor an interval, nor another number."""
    scale = 72 / axes.figure.get_dpi()  # in points of print, whatever the resolution
    at = axes.transData.transform(np.column_stack([cost_R, mean_R])) * scale
    there = np.flatnonzero(_there(cost_R, mean_R)).tolist()
    taken = [at[one] for one in there]
    for one in there:
        ends = axes.transData.transform([(cost_R[one], end) for end in intervals[one]]) * scale
        if np.isfinite(ends).all():
            taken += list(np.linspace(ends[0], ends[1], max(2, int(np.ptp(ends[:, 1]) / 5))))
    for one in there:
        if one not in numbers:
            continue
        places = [at[one] + np.array(beside) for beside in BESIDE]
        free = [place for place in places if all(abs(place[0] - x) > 6.5 or abs(place[1] - y) > 6 for x, y in taken)]
        chosen = free[0] if free else places[0]
        taken.append(chosen)
        axes.annotate(
            str(numbers[one]),
            (cost_R[one], mean_R[one]),
            xytext=tuple(chosen - at[one]),
            textcoords="offset points",
            ha="center",
            va="center",
            size=SMALL,
            weight="bold" if one in front else "normal",
            zorder=4,
        )


def _write_key(figure: Figure, key: Sequence[str], *, columns: int) -> None:
    lines = -(-len(key) // columns)
    width, height = figure.get_size_inches()
    for number, text in enumerate(key):
        column, line = divmod(number, lines)
        left, top = LEFT + column * (WIDTH - LEFT) / columns, TOP + HEIGHT + BELOW + line * LINE
        figure.text(left / width, 1 - top / height, text, size=SMALL, va="top")
