from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from fuselab.reports.plots.ranks import alike, draw_ranks

from .conftest import make_ranks


def test_names_stand_at_their_ranks_and_bars_join_those_alike(full_sweep, material):
    ranks = make_ranks(("c_d", "a$x$", "<b>", "late"), (3.5, 1.25, 2.0, 3.25), 1.6, ("one", "two"))
    drawn = draw_ranks(material(full_sweep, ranks=ranks))
    axes = drawn.figure.axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["a$x$  1.25", "<b>  2.00", "3.25  late", "3.50  c_d", "critical difference 1.60"]
    drops = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 3]
    assert drops == [1.25, 2.0, 3.25, 3.5]
    bars = [line.get_xdata() for line in axes.lines if line.get_gid() == "alike"]
    # Bars reach a little beyond the ranks that they join.
    np.testing.assert_allclose(bars, [[1.25, 2.0], [2.0, 3.5]], atol=0.05)
    scale = next(line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 6)
    assert np.ptp(scale) == pytest.approx(1.6)
    assert drawn.caption.startswith("average rank of accuracy over 2 slices of the test split (one, two), 1 is best; ")
    assert "critical difference at alpha 0.05; slices of one test set are no independent sets of data" in drawn.caption


def test_groups_are_the_largest_without_a_difference():
    draw = np.random.default_rng(0)
    for _ in range(50):
        at = np.sort(draw.integers(0, 40, size=9) / 4)
        difference = float(draw.integers(1, 20)) / 4 + 0.1
        every = [(low, high) for low in range(9) for high in range(low + 1, 9) if at[high] - at[low] < difference]
        largest = [
            (low, high)
            for low, high in every
            if not any((a <= low and high <= b) and (a, b) != (low, high) for a, b in every)
        ]
        assert alike(at.tolist(), difference) == largest


def test_bars_on_one_level_never_touch(full_sweep, material):
    draw = np.random.default_rng(1)
    names = tuple(f"method {place}" for place in range(38))
    ranks = make_ranks(names, draw.uniform(1, 38, size=38), 6.0, "ab")
    axes = draw_ranks(material(full_sweep, ranks=ranks)).figure.axes[0]
    levels: dict[float, list] = {}
    for line in axes.lines:
        if line.get_gid() == "alike":
            levels.setdefault(line.get_ydata()[0], []).append(line.get_xdata())
    assert len(levels) > 1
    for spans in levels.values():
        ordered = sorted(map(tuple, spans))
        assert all(left[1] < right[0] for left, right in pairwise(ordered))


def test_why_there_is_none(full_sweep, material):
    assert draw_ranks(material(full_sweep, ranks="one set of data has no average rank")) == (
        "one set of data has no average rank"
    )


def test_more_methods_than_an_axis_has_room_for(full_sweep, material):
    ranks = make_ranks(tuple(map(str, range(81))), range(1, 82), 1.0, "ab")
    assert draw_ranks(material(full_sweep, ranks=ranks)) == "81 methods are more than an axis has room for"
