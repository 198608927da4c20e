"""Heat map: the first metric of every method in every slice."""

from __future__ import annotations

import numpy as np

from fuselab.reports.plots.material import Drawn, Material
from fuselab.reports.plots.style import (
    SHADES,
    SMALL,
    WIDTH,
    broken,
    fitted,
    height_of,
    name_rows,
    new_figure,
    place,
    width_of,
)
from fuselab.reports.table import MISSING, say_fraction

CELL = 0.95  # inches at most
DARK = 0.18  # luminance below which white stands out more than black


def draw_slices(material: Material) -> Drawn | str:
    """Draw a cell for each method and slice, with its mean over seeds.

    Args:
        material: the sweep
    """
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    slices = material.shown_slices
    if not slices:
        return "the data has no slices"
    rows, names = material.shown, [row.name for row in material.shown]
    mean_RS = np.array([[np.mean(material.slice_values(row, one)) for one in ("", *slices)] for row in rows])
    mean_RS[:, 0] = [np.mean(material.values(row)) for row in rows]
    if not np.isfinite(mean_RS[:, 1:]).any():
        return f"no run has a number for {material.heading} in a slice"
    left = width_of([broken(name) for name in names], size=SMALL) + 0.1
    cell = min((WIDTH - left - 0.75) / (len(slices) + 1), CELL)
    headings = [fitted(one, cell - 0.08) for one in ("all", *slices)]
    top, width = 0.17 + 0.13 * max(one.count("\n") + 1 for one in headings), cell * len(headings)
    height = len(rows) * max(height_of(names), 0.2)
    figure = new_figure(left + width + 0.75, top + height + 0.1)
    axes = place(figure, left=left, top=top, width=width, height=height)
    scale, colors = Normalize(float(np.nanmin(mean_RS)), float(np.nanmax(mean_RS))), colormaps[SHADES]
    drawn = axes.pcolormesh(np.ma.masked_invalid(mean_RS), cmap=colors, norm=scale, edgecolors="white", linewidth=0.8)
    for (y, x), value in np.ndenumerate(mean_RS):
        dark = np.isfinite(value) and _luminance(colors(scale(value))) < DARK
        text = say_fraction(value) if np.isfinite(value) else MISSING
        axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", size=SMALL, color="white" if dark else "black")
    name_rows(axes, names)
    axes.set_ylim(len(rows), 0)
    axes.set_yticks(np.arange(len(rows)) + 0.5, [broken(name) for name in names])
    axes.set_xticks(np.arange(len(headings)) + 0.5, headings)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.axvline(1, color="white", linewidth=4)
    beside = place(figure, left=left + width + 0.1, top=top, width=0.1, height=min(height, 2.0))
    bar = figure.colorbar(drawn, cax=beside)
    bar.outline.set_visible(False)
    beside.tick_params(labelsize=SMALL)
    better = "higher" if material.higher else "lower"
    return Drawn(
        figure,
        f"{material.heading} in each slice of the {material.split} split ({better} is better), mean over seeds"
        f"{material.more_slices}{material.more}",
    )


def _luminance(color: tuple[float, ...]) -> float:
    red, green, blue = (((one + 0.055) / 1.055) ** 2.4 if one > 0.04045 else one / 12.92 for one in color[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
