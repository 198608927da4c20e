from __future__ import annotations

import numpy as np
import pytest

from fuselab.reports.plots.weights import UNKNOWN, draw_weights

from .conftest import add_files


def widths(axes) -> list[list[float]]:
    """Return the pieces of each bar, modality by modality."""
    return [[bar.get_width() for bar in container] for container in axes.containers]


def sweep_with_slices(sweep):
    both = {"accuracy": 0.5, "slices": {"easy": {"accuracy": 0.6}, "hard": {"accuracy": 0.4}}}
    return lambda method, seed: sweep.finished(method, seed, test=both, val=both)


def test_bars_are_means_over_samples_and_seeds(sweep, material):
    run = sweep_with_slices(sweep)
    # Samples 0 and 2 are easy, 1 and 3 are hard.
    add_files(run("late/mean", 0), weights={"image": [0.8, 0.2, 0.6, 0.4], "größe": [0.2, 0.8, 0.4, 0.6]})
    add_files(run("late/mean", 1), weights={"image": [1.0, 0.0, 1.0, 0.0], "größe": [0.0, 1.0, 0.0, 1.0]})
    add_files(run("early/sum", 0))
    add_files(run("unimodal/image", 0), weights={"image": [1.0] * 4})
    drawn = draw_weights(material(sweep))
    whole, easy, hard = drawn.figure.axes
    assert [one.get_title(loc="left") for one in (whole, easy, hard)] == ["all", "easy", "hard"]
    np.testing.assert_allclose(widths(whole), [[0.5], [0.5]], rtol=1e-6)
    np.testing.assert_allclose(widths(easy), [[0.85], [0.15]], rtol=1e-6)
    np.testing.assert_allclose(widths(hard), [[0.15], [0.85]], rtol=1e-6)
    # The second modality begins where the first one ends.
    assert easy.containers[1][0].get_x() == pytest.approx(0.85)
    assert [label.get_text() for label in whole.get_yticklabels()] == ["late/mean"]
    assert [text.get_text() for text in drawn.figure.legends[0].texts] == ["image", "größe"]
    assert "; without weights of several modalities: 2 methods" in drawn.caption


def test_a_modality_that_one_method_does_not_use_counts_nothing(sweep, material):
    run = sweep_with_slices(sweep)
    add_files(run("late/max", 0), weights={"image": [0.5] * 4, "audio": [0.5] * 4})
    add_files(run("late/mean", 0), weights={"image": [0.25] * 4, "text": [0.75] * 4})
    whole = draw_weights(material(sweep)).figure.axes[0]
    np.testing.assert_allclose(widths(whole), [[0.5, 0.25], [0.5, 0], [0, 0.75]])


def test_runs_of_before_weights_were_kept_are_told_apart(whole_sweep, material):
    for folder in whole_sweep.path.glob("late-mean*"):
        add_files(folder)
    assert draw_weights(material(whole_sweep)) == UNKNOWN
    assert draw_weights(material(whole_sweep, split="val")) == "predictions are kept of the test split alone"
