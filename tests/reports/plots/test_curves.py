from __future__ import annotations

import numpy as np
import pytest

from fuselab.reports.plots.curves import draw_curves

from .conftest import add_files


def test_mean_band_and_seeds_are_those_of_the_files(sweep, material):
    add_files(sweep.finished("early/sum", 0, 0.9), curve=[0.2, 0.4, 0.5])
    add_files(sweep.finished("early/sum", 1, 0.9), curve=[0.4, 0.5])
    add_files(sweep.finished("late/mean", 0, 0.5), curve=[0.1, 0.2, 0.2])
    drawn = draw_curves(material(sweep))
    first, second = drawn.figure.axes
    # The mean ends with the shortest run; the longer one goes on as a thin line.
    *singles, mean = first.lines
    assert [line.get_ydata().tolist() for line in singles] == [[0.2, 0.4, 0.5], [0.4, 0.5]]
    assert mean.get_ydata() == pytest.approx([0.3, 0.45])
    assert mean.get_xdata().tolist() == [1, 2]
    others, band = first.collections
    np.testing.assert_allclose(others.get_segments()[0], [[1, 0.1], [2, 0.2], [3, 0.2]])
    edges = band.get_paths()[0].vertices
    assert {(x, y) for x, y in edges.round(9).tolist()} == {(1, 0.2), (1, 0.4), (2, 0.4), (2, 0.5)}
    assert [line.get_ydata().tolist() for line in second.lines] == [[0.1, 0.2, 0.2]]
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == ("early/sum", "late/mean")
    assert first.get_ylim() == second.get_ylim()
    assert "over 1 to 2 seeds; thin lines are single seeds" in drawn.caption


def test_a_single_epoch_is_a_point(sweep, material):
    add_files(sweep.finished("early/sum", 0, 0.9), curve=[0.2])
    axes = draw_curves(material(sweep)).figure.axes[0]
    assert axes.lines[-1].get_marker() == "."
    low, high = axes.get_xlim()
    assert low < 1 < high


@pytest.mark.parametrize("content", [None, "", "epoch,val/loss\n0,1.0\n"])
def test_a_run_without_the_column_is_named(content, whole_sweep, material):
    path = sorted(whole_sweep.path.glob("early-sum-s1*"))[0] / "metrics.csv"
    path.unlink()
    if content is not None:
        path.write_text(content)
    said = draw_curves(material(whole_sweep))
    assert said == f"val/accuracy must stand in metrics.csv of every run; that of {path.parent.name} lacks it"


def test_without_any_number_there_is_nothing_to_draw(sweep, material):
    add_files(sweep.finished("early/sum", 0, 0.9), curve=[float("nan")] * 2)
    assert draw_curves(material(sweep)) == "no run has a number for val/accuracy"
