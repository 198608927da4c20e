from __future__ import annotations

import numpy as np
import pytest

from fuselab.reports.plots.reliability import draw_reliability

from .conftest import TASK, add_files


def test_points_are_the_bins_of_all_seeds(sweep, material):
    add_files(sweep.finished("early/sum", 0, 0.9, config=TASK))
    right = np.log(np.array([[0.9, 0.1], [0.9, 0.1], [0.3, 0.7], [0.2, 0.8]]))
    add_files(
        sweep.finished("early/sum", 1, 0.9, config=TASK, test={"accuracy": 0.9, "calibration_error": 0.15}),
        output=right,
    )
    axes = draw_reliability(material(sweep)).figure.axes[0]
    diagonal, points = axes.lines
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    # Between 0.5 and 0.75: 0.6 (wrong), 0.7 and 0.7 (right); above: 0.9, 0.8, 0.9, 0.9, 0.8, all right.
    np.testing.assert_allclose(points.get_xdata(), [2.0 / 3, 4.3 / 5], rtol=1e-6)
    np.testing.assert_allclose(points.get_ydata(), [2 / 3, 1])
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([0, 0, 3 / 8, 5 / 8])
    # One run has 0.05, the other 0.15.
    assert [text.get_text() for text in axes.texts] == ["ECE 0.100"]


def test_why_there_is_none(whole_sweep, sweep, material):
    assert draw_reliability(material(whole_sweep, split="val")) == "predictions are kept of the test split alone"
    add_files(sweep.finished("early/concat", 0, config={"task": {"calibration_bins": 9}}))
    assert draw_reliability(material(sweep)) == "the runs differ in task.calibration_bins"
    add_files(sweep.finished("early/concat", 1))
    assert draw_reliability(material(sweep)) == (
        "each config must hold task.calibration_bins, and each output must be finite"
    )
