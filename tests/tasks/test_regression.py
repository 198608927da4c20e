from __future__ import annotations

import numpy as np
import pytest
import torch

from fuselab.errors import ConfigError, DataError
from fuselab.tasks.regression import RegressionTask

CHOICE = ("task=regression", "data.outputs=1", "fusion=unimodal/image", "head=linear", "optimizer.lr=0.0")
SPLITS = {
    "train": torch.tensor([0.0, 5, -1]),
    "val": torch.tensor([1.0, 2, 3, 4]),
    "test": torch.tensor([0.5, 9, 4, 1, 2]),
}
ERRORS = {
    "mse": lambda error: error**2,
    "mae": np.abs,
    "huber": lambda error: np.where(np.abs(error) <= 1.5, error**2 / 2, 1.5 * (np.abs(error) - 0.75)),
}


@pytest.mark.parametrize("loss", ERRORS)
def test_training_minimises_the_loss_of_the_config(loss, compose, fit, outputs):
    task = RegressionTask(config=compose(*CHOICE, f"task.loss={loss}", "task.huber_delta=1.5"))
    trainer, module = fit(task, **SPLITS)
    for split in ("train", "val"):
        error = outputs(task, module, split)[:, 0].numpy() - SPLITS[split].numpy()
        expected = ERRORS[loss](error).mean()
        assert float(trainer.callback_metrics[f"{split}/loss"]) == pytest.approx(expected, rel=1e-5)


def test_a_sample_of_several_values_counts_once(compose):
    task = RegressionTask(config=compose(*CHOICE, "data.outputs=2"))
    output, target = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[1, 4], [3, 3]])
    assert task.sample_loss(output, target).tolist() == [2, 9]
    assert float(task.loss(output, target)) == 5.5


def test_the_test_reports_errors_in_units_of_the_target(compose, fit, outputs):
    task = RegressionTask(config=compose(*CHOICE))
    trainer, module = fit(task, tested=True, **SPLITS)
    error = (outputs(task, module, "test")[:, 0] - SPLITS["test"]).abs()
    found = {name: float(value) for name, value in trainer.callback_metrics.items()}
    assert found["test/mae"] == pytest.approx(float(error.mean()), rel=1e-5)
    assert found["test/mae/unique_image"] == pytest.approx(float(error[::2].mean()), rel=1e-5)
    assert found["test/rmse"] == pytest.approx(float(error.square().mean().sqrt()), rel=1e-5)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("task.loss=l2", r"task\.loss \(l2\) must be one of huber, mae, mse; set task\.loss=mse"),
        ("task.huber_delta=0", r"task\.huber_delta \(0\) must be positive; set task\.huber_delta=1"),
        (
            "task.metrics=[accuracy]",
            r"task\.metrics \(accuracy\) must be metrics of RegressionTask; choose one of: loss",
        ),
        ("scheme=ogm_ge", r"scheme\.space \(value\) must be 'probability' for OgmGe"),
    ],
)
def test_a_config_that_can_not_be(more, said, compose):
    with pytest.raises(ConfigError, match=said):
        RegressionTask(config=compose(*CHOICE, more))


def test_targets_of_another_width_are_named(compose):
    task = RegressionTask(config=compose(*CHOICE))
    with pytest.raises(DataError, match=r"the targets \(4, 2\) must be .* outputs \(4, 1\); set data\.outputs=2"):
        task.loss(torch.zeros(4, 1), torch.zeros(4, 2))
