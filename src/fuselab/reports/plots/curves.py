"""Learning curves: the first metric on the validation split, epoch by epoch, a panel a method."""

from __future__ import annotations

import numpy as np

from fuselab.reports.plots.interval import say_seeds
from fuselab.reports.plots.material import Drawn, Material
from fuselab.reports.plots.panels import lay_out
from fuselab.reports.plots.style import PALE, look_of_families
from fuselab.runs.predictions import Array

SINGLE = 10  # seeds whose thin lines can still be told apart


def draw_curves(material: Material) -> Drawn | str:
    """Draw each method's mean over seeds with a band from the lowest to the highest, before those of all others.

    The mean ends with the shortest run: beyond it would be a mean over fewer seeds, unseen. Thin lines go on.

    Args:
        material: the sweep
    """
    from matplotlib.collections import LineCollection
    from matplotlib.ticker import MaxNLocator

    column, rows = f"val/{material.metric}", material.shown
    found: list[list[Array]] = []
    for row in rows:
        curves = material.curves(row, column)
        if isinstance(curves, str):
            return curves
        found.append(curves)
    every = np.concatenate([curve for curves in found for curve in curves])
    if not np.isfinite(every).any():
        return f"no run has a number for {column}"
    means = [np.mean([curve[: min(map(len, curves))] for curve in curves], axis=0) for curves in found]
    looks = look_of_families([row.family for row in rows])
    panels = lay_out([row.name for row in rows], ratio=0.72, margin=0, x="epoch", y=f"val {material.heading}")
    last = max(len(curve) for curves in found for curve in curves)
    low, high = float(np.nanmin(every)), float(np.nanmax(every))
    room = 0.05 * (high - low or 1.0)
    for axes, row, curves, mean in zip(panels.axes, rows, found, means, strict=True):
        look, epochs = looks[row.family], np.arange(1, len(mean) + 1)
        others = [np.column_stack([np.arange(1, len(one) + 1), one]) for one in means if one is not mean]
        axes.add_collection(LineCollection(others, colors=PALE, linewidths=0.5, zorder=1), autolim=False)
        for curve in curves if 1 < len(curves) <= SINGLE else ():
            axes.plot(np.arange(1, len(curve) + 1), curve, color=look.color, linewidth=0.4, alpha=0.6, zorder=2)
        shared = np.array([curve[: len(mean)] for curve in curves])
        axes.fill_between(epochs, shared.min(0), shared.max(0), color=look.color, alpha=0.25, linewidth=0, zorder=2)
        axes.plot(epochs, mean, color=look.color, linewidth=1.3, marker="." if len(mean) == 1 else "", zorder=3)
        axes.set_xlim(min(1, last - 1) or 0.5, last if last > 1 else 1.5)
        axes.set_ylim(low - room, high + room)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=1))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    thin = "thin lines are single seeds; " if any(1 < len(curves) <= SINGLE for curves in found) else ""
    seeds = say_seeds([len(curves) for curves in found], interval="band from the lowest to the highest")
    return Drawn(
        panels.figure,
        f"{material.heading} on the val split after each epoch, {seeds}; {thin}pale lines are the means of "
        f"the other methods; the mean ends with the shortest run{material.more}",
    )
