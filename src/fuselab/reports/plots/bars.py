"""Bars: the first metric of every method, its interval, and each seed as a dot."""

from __future__ import annotations

import numpy as np

from fuselab.reports.plots.interval import say_seeds, t_interval
from fuselab.reports.plots.material import Drawn, Material
from fuselab.reports.plots.style import (
    INK,
    SMALL,
    TEXT,
    WIDTH,
    broken,
    height_of,
    look_of_families,
    name_rows,
    new_figure,
    place,
    show_families,
    width_of,
)
from fuselab.reports.statistics.scores import FRACTIONS

GAP = 0.12
UP, DOWN = 0.12, 0.26  # where in a row the mean lies, and where its seeds


def draw_bars(material: Material) -> Drawn | str:
    """Draw a bar from zero for each method, and beside it the part where they differ, enlarged.

    Args:
        material: the sweep
    """
    rows, names = material.shown, [row.name for row in material.shown]
    values = [material.values(row) for row in rows]
    if not np.isfinite(np.concatenate(values)).any():
        return f"no run has a number for {material.heading}"
    looks = look_of_families([row.family for row in rows])
    left = width_of([broken(name) for name in names], size=SMALL) + 0.1
    height, top = len(rows) * max(height_of(names), 0.2), 0.25
    figure = new_figure(WIDTH, top + height + 0.45)
    narrow = (WIDTH - left - GAP) * 0.28
    whole = place(figure, left=left, top=top, width=narrow, height=height)
    near = place(figure, left=left + narrow + GAP, top=top, width=WIDTH - left - narrow - GAP - 0.2, height=height)
    for y, (row, several) in enumerate(zip(rows, values, strict=True)):
        look, mean, (low, high) = looks[row.family], float(np.mean(several)), t_interval(several)
        whole.barh(y, mean, height=0.66, color=look.color)
        near.plot([low, high], [y - UP, y - UP], color=look.color, linewidth=1.8, solid_capstyle="butt", zorder=2)
        near.plot(several, np.full(len(several), y + DOWN), ".", color=INK, markersize=3.5, markeredgewidth=0, zorder=4)
        near.plot(mean, y - UP, look.marker, color=look.color, markersize=5, markeredgewidth=0, zorder=3)
    near.set_xlim(*_limits(values, fraction=material.metric in FRACTIONS))
    whole.set_xlim(0, None if material.metric not in FRACTIONS else 1)
    name_rows(whole, names)
    name_rows(near, [""] * len(names))
    near.grid(axis="x")
    whole.set_xlabel("from zero", size=SMALL)
    near.set_xlabel(material.axis, size=TEXT)
    show_families(figure, looks, left=left, top=0.06, points=True)
    seeds = say_seeds([len(one) for one in values], interval="95 % t interval")
    return Drawn(
        figure,
        f"{material.heading} on the {material.split} split, {seeds}; small dots are single seeds; left from zero, "
        f"right the part where methods differ{material.more}",
    )


def _limits(values: list[list[float]], *, fraction: bool) -> tuple[float, float]:
    """Return the part of the axis that shows all seeds, and of intervals as much as leaves the seeds apart."""
    dots = np.concatenate(values)
    dots = dots[np.isfinite(dots)]
    low, high = float(dots.min()), float(dots.max())
    reach = max(high - low, 1e-3 * max(abs(high), 1e-9))
    ends = np.array([t_interval(several) for several in values]).ravel()
    ends = ends[np.isfinite(ends)]
    low = max(min([low, *ends]), low - reach / 2) - 0.04 * reach
    high = min(max([high, *ends]), high + reach / 2) + 0.04 * reach
    return (max(low, -0.02), min(high, 1.02)) if fraction else (low, high)
