from __future__ import annotations

import numpy as np
import pytest

from fuselab.reports.plots.confusion import draw_confusion

from .conftest import TASK, add_files


def test_rows_are_shares_of_the_true_class_over_all_seeds(sweep, material):
    add_files(sweep.finished("early/sum", 0, 0.9, config=TASK))
    add_files(sweep.finished("early/sum", 1, 0.9, config=TASK), output=np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]]))
    axes = draw_confusion(material(sweep)).figure.axes[0]
    # Class 0: three of four said right; class 1: two of two, then one of two.
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.75, 0.25], [0.25, 0.75]])
    assert axes.images[0].get_clim() == (0, 1)


def test_a_class_without_samples_has_an_empty_row(sweep, material):
    add_files(sweep.finished("early/sum", 0, 0.9, config=TASK), target=np.array([1, 1, 1, 1]))
    shown = draw_confusion(material(sweep)).figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(np.ma.filled(shown, np.nan), [[np.nan, np.nan], [0.25, 0.75]])


def test_why_there_is_none(whole_sweep, material):
    assert draw_confusion(material(whole_sweep, split="val")) == "predictions are kept of the test split alone"
    folder = sorted(whole_sweep.path.glob("early-sum-s1*"))[0]
    (folder / "predictions.parquet").unlink()
    assert draw_confusion(material(whole_sweep)) == f"predictions are missing: {folder.name}"
    add_files(folder, target=np.array([0.5, 1.5, 2.5, 3.5]))
    assert draw_confusion(material(whole_sweep)) == "samples have no single class: the first metric is accuracy"


@pytest.mark.parametrize("classes", [200, 201])
def test_classes_that_cannot_be_seen_are_not_drawn(classes, sweep, material):
    add_files(sweep.finished("early/sum", 0, 0.9, config=TASK), output=np.zeros((4, classes)))
    drawn = draw_confusion(material(sweep))
    assert (drawn == "201 classes are more than can be seen in a panel") == (classes == 201)
