from __future__ import annotations

import math

import pytest
import torch

from fuselab.tasks.classification_metrics import ClassificationMetrics
from fuselab.tasks.metrics import SliceMean
from fuselab.tasks.multilabel_metrics import MultilabelMetrics
from fuselab.tasks.regression_metrics import RegressionMetrics

MAKE = {
    "classification": lambda slices: ClassificationMetrics(classes=3, calibration_bins=5, slices=slices),
    "multilabel": lambda slices: MultilabelMetrics(labels=3, threshold=0.5, slices=slices),
    "regression": lambda slices: RegressionMetrics(outputs=3, loss=lambda o, t: (o - t).mean(1), slices=slices),
}
TARGET = {
    "classification": lambda: torch.randint(0, 3, (20,)),
    "multilabel": lambda: torch.randint(0, 2, (20, 3)),
    "regression": lambda: torch.randn(20, 3),
}


def test_the_mean_of_a_slice_is_over_its_samples_of_all_batches():
    value, group = torch.rand(50), torch.randint(0, 3, (50,))
    mean = SliceMean(slices=4)
    for part in torch.split(torch.arange(50), 7):
        mean.update(value[part], group[part])
    found = mean.compute().tolist()
    assert found[:3] == pytest.approx([float(value[group == one].mean()) for one in range(3)])
    assert math.isnan(found[3])


@pytest.mark.parametrize("task", MAKE)
@pytest.mark.parametrize("slices", [(), ("all",), ("a", "b")], ids=len)
def test_each_metric_has_its_name_and_each_slice_its_own(task, slices):
    metrics = MAKE[task](slices)
    metrics.update(torch.randn(20, 3), TARGET[task](), torch.zeros(20, dtype=torch.long) if slices else None)
    found = metrics.compute()
    assert list(found) == [*metrics.names, *(f"{metrics.by_slice}/{one}" for one in slices)]
    assert all(value.dtype == torch.float32 and value.shape == () for value in found.values())


@pytest.mark.parametrize("task", MAKE)
def test_nothing_is_left_after_a_reset(task):
    metrics, fresh = MAKE[task](("a", "b")), MAKE[task](("a", "b"))
    group = torch.arange(20) % 2
    metrics.update(torch.randn(20, 3), TARGET[task](), group)
    metrics.compute()
    metrics.reset()
    output, target = torch.randn(20, 3), TARGET[task]()
    for one in (metrics, fresh):
        one.update(output, target, group)
    assert metrics.compute() == fresh.compute()
