from __future__ import annotations

import json

import numpy as np
import pytest

from fuselab.reports.plots.bars import draw_bars
from fuselab.reports.plots.material import Drawn

# Of Student's distribution with 2 degrees of freedom, from a table.
T_OF_THREE = 4.302653


def lines(axes, style: str) -> list:
    return [line for line in axes.lines if line.get_marker() == style]


def test_bars_intervals_and_seeds_are_those_of_the_runs(full_sweep, material):
    drawn = draw_bars(material(full_sweep))
    whole, near = drawn.figure.axes
    # The runs have 0.9, 0.8, 0.7 and 0.6, each and one and two hundredths more; the best stands on top.
    assert [bar.get_width() for bar in whole.patches] == pytest.approx([0.91, 0.81, 0.71, 0.61])
    assert whole.get_xlim() == (0, 1)
    assert [label.get_text() for label in whole.get_yticklabels()] == [
        "attention/cross", "early/sum", "early/concat", "unimodal/image",
    ]  # fmt: skip
    half = T_OF_THREE * 0.01 / np.sqrt(3)
    intervals = [line.get_xdata() for line in lines(near, "None")]
    expected = [[mean - half, mean + half] for mean in (0.91, 0.81, 0.71, 0.61)]
    np.testing.assert_allclose(intervals, expected, rtol=1e-6)
    seeds = [line.get_xdata() for line in lines(near, ".")]
    np.testing.assert_allclose(seeds, [[low, low + 0.01, low + 0.02] for low in (0.9, 0.8, 0.7, 0.6)])
    assert drawn.caption.startswith("accuracy on the test split, mean and 95 % t interval over 3 seeds; ")


def test_one_seed_has_no_interval(sweep, material):
    sweep.finished("early/sum", 0, 0.7)
    drawn = draw_bars(material(sweep))
    assert "one seed, so no interval" in drawn.caption
    assert np.isnan(lines(drawn.figure.axes[1], "None")[0].get_xdata()).all()
    low, high = drawn.figure.axes[1].get_xlim()
    assert low < 0.7 < high


def test_less_error_stands_on_top(sweep, material):
    for method, error in (("early/sum", 3.0), ("early/concat", 2.0)):
        both = {"mae": error, "loss": error, "slices": {}}
        sweep.finished(method, 0, test=both, val=both)
    drawn = draw_bars(material(sweep))
    assert [bar.get_width() for bar in drawn.figure.axes[0].patches] == [2.0, 3.0]
    assert drawn.figure.axes[1].get_xlabel() == "test MAE (lower is better)"


def test_a_seed_without_a_number_leaves_no_mean(sweep, material):
    sweep.finished("early/sum", 0, 0.7)
    sweep.finished("early/sum", 1, float("nan"))
    sweep.finished("late/mean", 0, 0.5)
    whole, near = draw_bars(material(sweep)).figure.axes
    assert [label.get_text() for label in whole.get_yticklabels()] == ["late/mean", "early/sum"]
    assert np.isnan(whole.patches[1].get_width())
    assert lines(near, ".")[1].get_xdata()[0] == 0.7


def test_without_any_number_there_is_nothing_to_draw(sweep, material):
    sweep.finished("early/sum", 0, float("nan"))
    assert draw_bars(material(sweep)) == "no run has a number for accuracy"


def test_two_seeds_far_apart_leave_the_others_legible(sweep, material):
    for method, values in (("early/sum", (0.5, 0.52)), ("late/mean", (0.50, 0.51))):
        for seed, value in enumerate(values):
            sweep.finished(method, seed, value)
    low, high = draw_bars(material(sweep)).figure.axes[1].get_xlim()
    # The interval of the first is 0.51 ± 0.127.
    assert 0.48 < low < 0.5
    assert 0.52 < high < 0.54


def test_of_many_rows_the_best_are_shown_and_the_rest_is_counted(sweep, material):
    for place in range(45):
        sweep.finished(f"early/m{place:02}", 0, 0.5 + place / 100)
    drawn = draw_bars(material(sweep))
    assert drawn.caption.endswith("; the best 40 of 45 rows")
    names = [label.get_text() for label in drawn.figure.axes[0].get_yticklabels()]
    assert names == [f"early/m{place:02}" for place in range(44, 4, -1)]


def test_a_metric_that_a_result_leaves_empty_is_no_bar(whole_sweep, material):
    path = next(whole_sweep.path.glob("early-sum-s0-*/result.json"))
    result = json.loads(path.read_text())
    result["test"]["accuracy"] = None
    result["test"]["slices"] = {name: {"accuracy": None} for name in result["test"]["slices"]}
    path.write_text(json.dumps(result))
    made = material(whole_sweep)
    (row,) = (row for row in made.rows if row.name == "early/sum")
    assert np.isnan(made.values(row)).tolist() == [True, False, False]
    assert np.isnan(made.slice_values(row, made.slices[0])).tolist() == [True, False, False]
    assert isinstance(draw_bars(made), Drawn)
