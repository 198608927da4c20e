"""Confusion matrices: what each class is taken for, a panel a method.

Shapes: C classes.
"""

from __future__ import annotations

import numpy as np

from fuselab.reports.plots.material import Drawn, Material
from fuselab.reports.plots.panels import lay_out
from fuselab.reports.plots.style import SHADES, SMALL, place

FINEST = 200  # classes whose cells can still be seen


def draw_confusion(material: Material) -> Drawn | str:
    """Draw for each method the share of each true class that is said to be each class, over all seeds.

    Args:
        material: the sweep
    """
    from matplotlib.ticker import MaxNLocator

    if reason := material.lacks_classes():
        return reason
    rows = material.shown
    counts = [[material.answers[run.name].confusion for run in row.runs] for row in rows]
    known = [[one for one in several if one is not None] for several in counts]
    classes = len(known[0][0])
    if classes > FINEST:
        return f"{classes} classes are more than can be seen in a panel"
    panels = lay_out([row.name for row in rows], ratio=1.0, margin=0.5, x="said", y="true")
    for axes, several in zip(panels.axes, known, strict=True):
        total_CC = np.sum(several, axis=0)
        with np.errstate(invalid="ignore"):
            share_CC = total_CC / total_CC.sum(1, keepdims=True)
        image = axes.imshow(share_CC, cmap=SHADES, vmin=0, vmax=1, interpolation="nearest", aspect="auto")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
        axes.spines[:].set_visible(True)
    beside = place(panels.figure, left=panels.right + 0.1, top=panels.top, width=0.09, height=min(panels.height, 2.0))
    panels.figure.colorbar(image, cax=beside)
    beside.tick_params(labelsize=SMALL)
    return Drawn(
        panels.figure,
        "share of each true class (row) that is said to be each class (column) on the test split, over all seeds"
        f"{material.more}",
    )
