from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from fuselab.data.splits.draw import draw_groups, draw_rows


@pytest.mark.parametrize("share", [0.1, 0.25, 1 / 3, 0.9])
def test_a_share_of_all_exactly_and_of_each_class_to_within_a_row(share):
    classes = np.random.default_rng(1).choice(7, 1000, p=[0.4, 0.3, 0.1, 0.1, 0.05, 0.03, 0.02])
    drawn = draw_rows(classes, share, np.random.default_rng(0))
    assert drawn.sum() == round(share * 1000)
    for one in range(7):
        assert abs(drawn[classes == one].sum() - share * (classes == one).sum()) <= 1


def test_every_row_is_drawn_as_often_as_any_other():
    times = sum(draw_rows(np.zeros(20, int), 0.3, np.random.default_rng(seed)).astype(int) for seed in range(2000))
    # 600 each, standard deviation 20.5
    assert np.abs(times - 600).max() < 100


@pytest.mark.parametrize("seed", range(20))
def test_groups_come_as_near_as_any_choice_of_groups(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 40, 9)
    target = float(rng.uniform(0.1, 0.6) * sizes.sum())
    drawn = draw_groups(np.repeat(np.arange(9), sizes), target, rng)
    sums = [sum(some) for count in range(1, 10) for some in combinations(sizes.tolist(), count)]
    assert abs(drawn.sum() - target) == pytest.approx(min(abs(one - target) for one in sums))


def test_many_groups_meet_the_target_and_stay_whole():
    rng = np.random.default_rng(0)
    group = rng.zipf(1.5, 100_000) % 5000
    drawn = draw_groups(group, 20_000.4, rng)
    assert drawn.sum() == 20_000
    assert not set(group[drawn]) & set(group[~drawn])


def test_groups_of_one_size_that_can_not_meet_the_target():
    assert draw_groups(np.repeat(np.arange(1000), 10), 1234.0, np.random.default_rng(0)).sum() == 1230


def test_one_group_is_drawn_where_none_would_be_nearer():
    assert draw_groups(np.repeat(np.arange(6), 500), 3.0, np.random.default_rng(0)).sum() == 500


def test_the_order_of_rows_does_not_count():
    rng = np.random.default_rng(0)
    group = np.char.add("g", rng.integers(0, 40, 500).astype(str))
    order = rng.permutation(500)
    drawn = draw_groups(group, 100, np.random.default_rng(3))
    assert (draw_groups(group[order], 100, np.random.default_rng(3)) == drawn[order]).all()


def test_large_and_small_groups_are_drawn():
    """What fills the target must not always be the small groups."""
    sizes = np.array([90, 80, 70, 10, 9, 8, 7, 6, 5, 5])
    group = np.repeat(np.arange(10), sizes)
    times = np.zeros(10)
    for seed in range(200):
        times[np.unique(group[draw_groups(group, 100, np.random.default_rng(seed))])] += 1
    assert times.min() > 10
