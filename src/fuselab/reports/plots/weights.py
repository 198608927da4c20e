"""Modality weights: how much each modality counts, method by method and slice by slice."""

from __future__ import annotations

import numpy as np

from fuselab.reports.plots.material import Drawn, Material
from fuselab.reports.plots.style import (
    LOOKS,
    SMALL,
    WIDTH,
    broken,
    drawable,
    fitted,
    height_of,
    name_rows,
    new_figure,
    place,
    width_of,
)
from fuselab.runs.record import say_count

UNKNOWN = "no method with several modalities has stored their weights; runs store them where the method knows them"


def draw_weights(material: Material) -> Drawn | str:
    """Draw a bar for each method that knows weights, cut by modality; all samples first, then each slice.

    Args:
        material: the sweep
    """
    from matplotlib.patches import Patch

    if reason := material.lacks_predictions():
        return reason
    # One modality alone has all the weight there is.
    rows = [
        row
        for row in material.shown
        if all(len(material.answers[run.name].weights.get(None, {})) > 1 for run in row.runs)
    ]
    if not rows:
        return UNKNOWN
    answers = [[material.answers[run.name].weights for run in row.runs] for row in rows]
    modalities = list(dict.fromkeys(name for several in answers for one in several for name in one[None]))
    groups = [None, *(name for name in material.shown_slices if name in answers[0][0])]
    names = [row.name for row in rows]
    left, gap = width_of([broken(name) for name in names], size=SMALL) + 0.1, 0.2
    width = min((WIDTH - left - 0.15 - gap * (len(groups) - 1)) / len(groups), 2.5)
    headings = [fitted(one or "all", width) for one in groups]
    top = 0.3 + 0.13 * max(one.count("\n") + 1 for one in headings)
    height = len(rows) * max(height_of(names), 0.24)
    figure = new_figure(left + len(groups) * (width + gap) + 0.05, top + height + 0.42)
    for number, (group, heading) in enumerate(zip(groups, headings, strict=True)):
        axes = place(figure, left=left + number * (width + gap), top=top, width=width, height=height)
        start_R = np.zeros(len(rows))
        for modality, look in zip(modalities, LOOKS, strict=False):
            share_R = np.array([np.mean([one[group].get(modality, 0.0) for one in several]) for several in answers])
            axes.barh(
                range(len(rows)),
                share_R,
                left=start_R,
                height=0.72,
                color=look.color,
                hatch=look.hatch,
                edgecolor="white",
                linewidth=0.5,
            )
            start_R += share_R
        name_rows(axes, names if number == 0 else [""] * len(names))
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
        axes.set_title(heading, size=SMALL, pad=3, linespacing=1.0)
        if number == 0:
            axes.set_xlabel("mean weight", size=SMALL)
    handles = [
        Patch(facecolor=look.color, hatch=look.hatch, edgecolor="white", linewidth=0.5, label=drawable(name))
        for name, look in zip(modalities, LOOKS, strict=False)
    ]
    figure_width, figure_height = figure.get_size_inches()
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(left / figure_width, 1 - 0.06 / figure_height),
        borderaxespad=0,
        borderpad=0,
        ncols=len(handles),
        handleheight=1.1,
        handlelength=2,
    )
    lacking = len(material.shown) - len(rows)
    without = f"; without weights of several modalities: {say_count(lacking, 'method')}" if lacking else ""
    return Drawn(
        figure,
        "mean weight of each modality over the samples of the test split and of each of its slices, over all seeds"
        f"{without}{material.more_slices}{material.more}",
    )
