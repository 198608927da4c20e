from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_calibration_error, multiclass_confusion_matrix

from fuselab.reports.plots.answers import summarise
from fuselab.runs.predictions import write_predictions

CONFIG = {"task": {"calibration_bins": 15}}


@pytest.fixture
def drawn(tmp_path):
    """Predictions at random, of which some are certain."""
    draw = torch.Generator().manual_seed(0)
    output, target = 3 * torch.randn(500, 6, generator=draw), torch.randint(0, 6, (500,), generator=draw)
    output[:20, 2] = 80.0
    columns = {"index": np.arange(500), "slice": None, "target": target.numpy(), "output": output.numpy()}
    write_predictions(tmp_path / "p.parquet", columns, slices=())
    return tmp_path / "p.parquet", output, target


def test_classes_are_counted_as_torchmetrics_does(drawn):
    path, output, target = drawn
    found = summarise(path, CONFIG).confusion
    assert found.tolist() == multiclass_confusion_matrix(output, target, num_classes=6).tolist()


def test_bins_give_the_calibration_error_of_the_table(drawn):
    path, output, target = drawn
    bins = summarise(path, CONFIG).bins
    assert bins.samples.sum() == 500
    error = np.abs(bins.confidence - bins.right).sum() / 500
    expected = multiclass_calibration_error(output[20:], target[20:], num_classes=6, n_bins=15, norm="l1")
    # Torchmetrics gives certainty a bin of its own.
    certain = abs(20 - (target[:20] == 2).sum().item())
    assert bins.samples[-1] >= 20
    last = abs(bins.confidence[-1] - bins.right[-1])
    without = abs((bins.confidence[-1] - 20) - (bins.right[-1] - (20 - certain)))
    assert (error * 500 - last + without) / 480 == pytest.approx(float(expected), abs=1e-6)


def test_outputs_beyond_what_an_exponential_holds(tmp_path):
    output = np.array([[900.0, 0.0], [-900.0, -901.0]])
    columns = {"index": np.arange(2), "slice": None, "target": np.array([0, 1]), "output": output}
    write_predictions(tmp_path / "p.parquet", columns, slices=())
    bins = summarise(tmp_path / "p.parquet", {"task": {"calibration_bins": 2}}).bins
    assert bins.confidence.sum() == pytest.approx(1 + 1 / (1 + np.exp(-1)))
    assert bins.samples.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("target", "output"),
    [
        (np.array([0.5, 1.5]), np.zeros((2, 1))),
        (np.array([[0, 1], [1, 1]]), np.zeros((2, 2))),
        (np.array([0, 1]), np.zeros((2, 1))),
    ],
    ids=["values", "labels", "one output"],
)
def test_what_has_no_single_class_is_not_counted(target, output, tmp_path):
    columns = {"index": np.arange(2), "slice": None, "target": target, "output": output}
    write_predictions(tmp_path / "p.parquet", columns, slices=())
    found = summarise(tmp_path / "p.parquet", CONFIG)
    assert (found.confusion, found.bins, found.weights) == (None, None, {})


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_outputs_that_are_no_numbers_have_no_confidence(bad, tmp_path):
    columns = {"index": np.arange(2), "slice": None, "target": np.array([0, 1]), "output": np.array([[bad, 0], [0, 1]])}
    write_predictions(tmp_path / "p.parquet", columns, slices=())
    found = summarise(tmp_path / "p.parquet", CONFIG)
    assert found.bins is None
    assert found.confusion.sum() == 2
