from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from fuselab.reports.plots.slices import draw_slices


def test_cells_hold_the_means_over_seeds(full_sweep, material):
    axes = draw_slices(material(full_sweep)).figure.axes[0]
    # In each run a slice has a tenth less than the one before it; the first has the accuracy of all.
    expected = [[mean, mean, mean - 0.1, mean - 0.2] for mean in (0.91, 0.81, 0.71, 0.61)]
    np.testing.assert_allclose(axes.collections[0].get_array(), expected)
    assert [text.get_text() for text in axes.texts] == [f"{value:.3f}" for row in expected for value in row]
    headings = [label.get_text().replace("\n", "") for label in axes.get_xticklabels()]
    assert headings == ["all", "redundant", "unique_audio", "unique_image"]
    assert axes.get_yticklabels()[0].get_text() == "attention/cross"


def test_numbers_stand_out_from_their_cells(full_sweep, material):
    axes = draw_slices(material(full_sweep)).figure.axes[0]
    shades = axes.collections[0].to_rgba(axes.collections[0].get_array()).reshape(-1, 4)
    for text, shade in zip(axes.texts, shades, strict=True):
        assert contrast(shade, text.get_color()) > 4.5  # what WCAG asks of text


def contrast(shade: np.ndarray, color: str) -> float:
    linear = np.where(shade[:3] > 0.04045, ((shade[:3] + 0.055) / 1.055) ** 2.4, shade[:3] / 12.92)
    behind, before = float(linear @ [0.2126, 0.7152, 0.0722]), {"white": 1.0, "black": 0.0}[color]
    return (max(behind, before) + 0.05) / (min(behind, before) + 0.05)


def test_a_slice_that_one_seed_lacks_has_no_mean(sweep, material):
    for seed, slices in enumerate(
        ({"easy": {"accuracy": 0.5}, "hard": {"accuracy": 0.2}}, {"easy": {"accuracy": 0.7}})
    ):
        both = {"accuracy": 0.4, "slices": slices}
        sweep.finished("early/sum", seed, test=both, val=both)
    axes = draw_slices(material(sweep)).figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["0.400", "0.600", "—"]


@pytest.mark.parametrize(
    ("slices", "said"),
    [
        ({}, "the data has no slices"),
        ({"easy": {"accuracy": float("nan")}}, "no run has a number for accuracy in a slice"),
    ],
)
def test_why_there_is_none(slices, said, sweep, material):
    both = {"accuracy": 0.4, "slices": slices}
    sweep.finished("early/sum", 0, test=both, val=both)
    assert draw_slices(material(sweep)) == said


def test_many_slices_with_long_names_stay_legible(sweep, material):
    names = [f"aSliceWhoseNameIsALongWord{number}_of_many" for number in range(14)]
    both = {"accuracy": 0.4, "slices": {name: {"accuracy": 0.5} for name in names}}
    sweep.finished("early/sum", 0, test=both, val=both)
    drawn = draw_slices(material(sweep))
    assert drawn.caption.endswith("; the first 10 of 14 slices")
    drawn.figure.draw_without_rendering()
    labels = drawn.figure.axes[0].get_xticklabels()
    assert [label.get_text().replace("\n", "") for label in labels] == ["all", *names[:10]]
    boxes = [label.get_window_extent() for label in labels]
    assert not any(one.overlaps(other) for one, other in pairwise(boxes))
