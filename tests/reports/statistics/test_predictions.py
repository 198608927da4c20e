from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from fuselab.reports.statistics.predictions import SHARES, read_samples
from fuselab.runs.predictions import write_predictions
from fuselab.tasks.classification_metrics import ClassificationMetrics
from fuselab.tasks.multilabel_metrics import MultilabelMetrics
from fuselab.tasks.regression_metrics import RegressionMetrics

from ..conftest import load_one, make_result

GENERATOR = torch.Generator().manual_seed(0)
SAMPLES = 50


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=GENERATOR)


@pytest.mark.parametrize(
    ("metric", "make", "output", "target", "task"),
    [
        (
            "accuracy",
            lambda slices: ClassificationMetrics(classes=4, calibration_bins=5, slices=slices),
            drawn(SAMPLES, 4),
            torch.arange(SAMPLES) % 4,
            {},
        ),
        (
            "subset_accuracy",
            lambda slices: MultilabelMetrics(labels=2, threshold=0.4, slices=slices),
            drawn(SAMPLES, 2),
            (drawn(SAMPLES, 2) > 0).long(),
            {"threshold": 0.4},
        ),
        (
            "mae",
            lambda slices: RegressionMetrics(outputs=1, loss=lambda out, _: out[:, 0], slices=slices),
            drawn(SAMPLES, 1),
            drawn(SAMPLES),
            {},
        ),
        (
            "mae",
            lambda slices: RegressionMetrics(outputs=3, loss=lambda out, _: out[:, 0], slices=slices),
            drawn(SAMPLES, 3),
            drawn(SAMPLES, 3),
            {},
        ),
    ],
    ids=["accuracy", "subset accuracy", "one value", "several values"],
)
def test_the_mean_of_the_shares_is_what_the_task_measures(sweep, metric, make, output, target, task):
    """Over all samples and in each slice, from the file that a run writes."""
    group = torch.arange(SAMPLES) % 2
    metrics = make(["even", "odd"])
    metrics.update(output, target, group)
    measured = {name: float(value) for name, value in metrics.compute().items()}
    folder = sweep.finished("early/sum", 0, test={metric: measured[metric]}, config={"task": task})
    columns = {"index": np.arange(SAMPLES), "target": target.numpy(), "output": output.numpy(), "slice": group.numpy()}
    write_predictions(folder / "predictions.parquet", columns, slices=("even", "odd"))
    samples = read_samples(load_one(sweep.path).runs, metric)
    for column, name in (
        (metric, metric),
        (f"slices.even.{metric}", f"{metric}/even"),
        (f"slices.odd.{metric}", f"{metric}/odd"),
    ):
        (share,) = samples.of(column).values()
        assert share.mean() == pytest.approx(measured[name], rel=1e-5)


def test_the_first_metric_of_every_task_is_a_mean_over_samples():
    assert {task.by_slice for task in (ClassificationMetrics, MultilabelMetrics, RegressionMetrics)} == set(SHARES)


def test_a_metric_that_is_no_mean_has_no_shares(answered_sweep):
    runs = load_one(answered_sweep.path).runs
    assert read_samples(runs, "macro_f1") == "macro_f1 is no mean over samples"


def test_missing_predictions_are_named(answered_sweep):
    folder = next(answered_sweep.path.glob("early-sum-s3-*"))
    (folder / "predictions.parquet").unlink()
    said = read_samples(load_one(answered_sweep.path).runs, "accuracy")
    assert said == f"predictions are missing: {folder.name}"


def test_predictions_of_other_samples_are_named(answered_sweep):
    folder = answered_sweep.answered("late/mean", 0, np.ones(300))
    said = read_samples(load_one(answered_sweep.path).runs, "accuracy")
    assert said == f"predictions are of other samples: {folder.name}"


def test_predictions_that_are_not_those_of_the_result_are_named(answered_sweep):
    folder = next(answered_sweep.path.glob("early-sum-s3-*"))
    result = make_result("early/sum", 3, 0.123)
    (folder / "result.json").write_text(json.dumps(result))
    said = read_samples(load_one(answered_sweep.path).runs, "accuracy")
    assert said == f"accuracy of the predictions is not that of the result: {folder.name}"


def test_predictions_of_a_single_run_are_found(answered_sweep):
    folder = next(answered_sweep.path.glob("early-sum-s3-*"))
    assert list(read_samples(load_one(folder).runs, "accuracy").shares) == [folder.name]


def test_a_run_that_lacks_the_metric_is_named(answered_sweep):
    path = next(answered_sweep.path.glob("early-sum-s0-*/result.json"))
    result = json.loads(path.read_text())
    del result["test"]["accuracy"]
    path.write_text(json.dumps(result))
    said = read_samples(load_one(answered_sweep.path).runs, "accuracy")
    assert said == f"accuracy of the predictions is not that of the result: {path.parent.name}"
