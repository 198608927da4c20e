"""Reliability diagrams: how often a method is right when it is so sure, a panel a method.

Shapes: K bins of confidence.
"""

from __future__ import annotations

import numpy as np

from fuselab.reports.plots.material import Drawn, Material
from fuselab.reports.plots.panels import lay_out
from fuselab.reports.plots.style import FAINT, INK, PALE, SMALL, look_of_families


def draw_reliability(material: Material) -> Drawn | str:
    """Draw the share of right answers against the mean confidence in bins of confidence, over all seeds.

    Args:
        material: the sweep

    Reference:
        Guo et al. (2017), On Calibration of Modern Neural Networks, figure 1.
    """
    if reason := material.lacks_classes():
        return reason
    rows = material.shown
    found = [[material.answers[run.name].bins for run in row.runs] for row in rows]
    known = [[one for one in several if one is not None] for several in found]
    if any(len(several) < len(row.runs) for several, row in zip(known, rows, strict=True)):
        return "each config must hold task.calibration_bins, and each output must be finite"
    if len({len(one.samples) for several in known for one in several}) > 1:
        return "the runs differ in task.calibration_bins"
    looks = look_of_families([row.family for row in rows])
    panels = lay_out([row.name for row in rows], ratio=1.0, margin=0, x="confidence", y="share of right answers")
    for axes, row, several in zip(panels.axes, rows, known, strict=True):
        samples_K = np.sum([one.samples for one in several], axis=0)
        there_K = samples_K > 0
        confidence_K = np.sum([one.confidence for one in several], axis=0)[there_K] / samples_K[there_K]
        right_K = np.sum([one.right for one in several], axis=0)[there_K] / samples_K[there_K]
        number, share_K = len(samples_K), samples_K / samples_K.sum()
        axes.bar((np.arange(number) + 0.5) / number, share_K, width=1 / number, color=PALE, zorder=0)
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.6, linestyle=(0, (4, 2)), zorder=1)
        look = looks[row.family]
        axes.plot(
            confidence_K,
            right_K,
            color=look.color,
            marker=look.marker,
            markersize=3,
            linewidth=1.0,
            zorder=2,
            clip_on=False,
        )
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        errors = [run.result["test"].get("calibration_error") for run in row.runs]
        if None not in errors:
            axes.text(0.04, 0.96, f"ECE {np.mean(errors):.3f}", va="top", size=SMALL, color=INK)
    return Drawn(
        panels.figure,
        "share of right answers against confidence on the test split, in bins of confidence, over all seeds; the "
        "broken line is perfect calibration, grey bars are shares of the samples; ECE is the mean calibration error of "
        f"the seeds{material.more}",
    )
