from __future__ import annotations

import numpy as np
import pytest

from fuselab.reports.plots.cost import draw_cost, pareto_front

METHODS = {"early/sum": (0.5, 1000), "early/concat": (0.7, 2000), "late/mean": (0.6, 3000), "late/max": (0.7, 4000)}


def line(axes, label: str):
    return next(one for one in axes.lines if one.get_label() == label)


@pytest.fixture
def priced(sweep):
    for method, (accuracy, parameters) in METHODS.items():
        for seed in range(2):
            sweep.finished(method, seed, accuracy + 0.02 * seed, parameters=parameters)
    return sweep


def test_points_and_front_are_those_of_the_runs(priced, material):
    axes = draw_cost(material(priced)).figure.axes
    assert [one.get_xlabel() for one in axes] == ["parameters", "FLOPs of a sample", "seconds of training"]
    front = line(axes[0], "front")
    assert front.get_xdata().tolist() == [1000, 2000]
    assert front.get_ydata() == pytest.approx([0.51, 0.71])
    points = [one for one in axes[0].lines if one.get_marker() not in ("None", None)]
    found = {(float(one.get_xdata()[0]), round(float(one.get_ydata()[0]), 9)) for one in points}
    assert found == {(1000, 0.51), (2000, 0.71), (3000, 0.61), (4000, 0.71)}
    filled = {float(one.get_xdata()[0]) for one in points if one.get_markerfacecolor() != "white"}
    assert filled == {1000, 2000}
    # Student's factor for two seeds is 12.7062, the deviation 0.02 / sqrt(2).
    spans = [one.get_ydata() for one in axes[0].lines if one.get_marker() == "None" and one.get_label() != "front"]
    np.testing.assert_allclose(np.ptp(spans, axis=1), 2 * 12.7062 * 0.01, rtol=1e-5)


def test_every_number_has_its_name(priced, material):
    figure = draw_cost(material(priced)).figure
    key = dict(text.get_text().split("  ") for text in figure.texts)
    assert key == {"1": "late/max", "2": "early/concat", "3": "late/mean", "4": "early/sum"}
    for axes in figure.axes:
        assert sorted(text.get_text() for text in axes.texts) == ["1", "2", "3", "4"]


def test_of_many_those_on_a_front_are_numbered(sweep, material):
    for place in range(20):
        sweep.finished(f"early/m{place:02}", 0, 0.5 + 0.01 * place, parameters=1000 + (place < 18), flops=1e6)
    axes = draw_cost(material(sweep)).figure.axes
    # All take as long and as many FLOPs, so that the best alone is on those fronts; it has the fewest parameters too.
    assert [[text.get_text() for text in one.texts] for one in axes] == [["1"]] * 3


def test_numbers_cover_no_point_and_no_other_number(priced, material):
    figure = draw_cost(material(priced)).figure
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])
        for one in axes.lines:
            if one.get_marker() not in ("None", None):
                at = axes.transData.transform(one.get_xydata())
                assert not any(box.count_contains(at) for box in boxes)


@pytest.mark.parametrize("higher", [True, False])
def test_the_front_is_what_nothing_dominates(higher):
    draw = np.random.default_rng(0)
    for _ in range(50):
        cost, value = draw.integers(1, 9, size=12), draw.integers(0, 9, size=12) / 8
        sign = 1 if higher else -1
        undominated = {
            (cost[one], value[one])
            for one in range(12)
            if not any(
                (cost[other] <= cost[one] and sign * value[other] >= sign * value[one])
                and (cost[other] < cost[one] or sign * value[other] > sign * value[one])
                for other in range(12)
            )
        }
        front = pareto_front(cost, value, higher=higher)
        assert {(cost[one], value[one]) for one in front} == undominated
        assert len(front) == len(undominated)


def test_what_has_no_number_is_on_no_front():
    assert pareto_front([1, 0, np.nan, 2], [np.nan, 0.9, 0.8, 0.5], higher=True) == [3]


def test_a_cost_that_nobody_counted_has_no_panel(sweep, material):
    sweep.finished("early/sum", 0, flops=None)
    assert [one.get_xlabel() for one in draw_cost(material(sweep)).figure.axes] == ["parameters", "seconds of training"]


def test_why_there_is_none(sweep, material):
    sweep.finished("early/sum", 0, flops=None, parameters=0, seconds={})
    assert draw_cost(material(sweep)) == "no run has counted its parameters, FLOPs or seconds"
    sweep.finished("early/sum", 1, float("nan"))
    assert draw_cost(material(sweep)) == "no run has a number for accuracy"
