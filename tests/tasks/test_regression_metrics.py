from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from torch import Tensor

from fuselab.tasks.regression_metrics import RegressionMetrics

SAMPLES = 70


def squared(output: Tensor, target: Tensor) -> Tensor:
    return ((output - target.reshape(output.shape)) ** 2).mean(1)


@pytest.mark.parametrize("centre", [0.0, 2000.0], ids=["around zero", "years"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_metrics_are_those_of_scikit_learn_and_scipy(outputs, centre):
    target = centre + torch.randn(SAMPLES, outputs) * torch.arange(1, outputs + 1)
    output = target + torch.randn(SAMPLES, outputs)
    group = torch.randint(0, 2, (SAMPLES,))
    metrics = RegressionMetrics(outputs=outputs, loss=squared, slices=("a", "b"))
    for part in torch.split(torch.arange(SAMPLES), 9):
        metrics.update(output[part], target[part, 0] if outputs == 1 else target[part], group[part])
    found = {name: float(value) for name, value in metrics.compute().items()}
    said, true = output.double().numpy(), target.double().numpy()
    assert found["mae"] == pytest.approx(mean_absolute_error(true, said), rel=1e-5)
    assert found["rmse"] == pytest.approx(math.sqrt(mean_squared_error(true, said)), rel=1e-5)
    assert found["loss"] == pytest.approx(mean_squared_error(true, said), rel=1e-5)
    assert found["r2"] == pytest.approx(r2_score(true, said), rel=1e-5)
    correlations = [pearsonr(true[:, one], said[:, one]).statistic for one in range(outputs)]
    assert found["pearson_r"] == pytest.approx(np.mean(correlations), rel=1e-5)
    for number, name in enumerate(("a", "b")):
        rows = group.numpy() == number
        assert found[f"mae/{name}"] == pytest.approx(mean_absolute_error(true[rows], said[rows]), rel=1e-5)


def test_a_single_sample_has_no_correlation():
    metrics = RegressionMetrics(outputs=1, loss=squared, slices=())
    metrics.update(torch.tensor([[2.0]]), torch.tensor([1.0]), None)
    found = {name: float(value) for name, value in metrics.compute().items()}
    assert found["mae"] == found["rmse"] == 1
    assert math.isnan(found["pearson_r"])
    assert math.isnan(found["r2"])


def test_a_process_without_samples_holds_numbers_as_wide_as_the_others():
    metrics = RegressionMetrics(outputs=1, loss=squared, slices=())
    empty = [one.dtype for metric in (metrics.r2, metrics.pearson_r) for one in metric.metric_state.values()]
    metrics.update(torch.rand(3, 1), torch.rand(3), None)
    filled = [one.dtype for metric in (metrics.r2, metrics.pearson_r) for one in metric.metric_state.values()]
    assert empty == filled
    assert torch.float64 in empty
