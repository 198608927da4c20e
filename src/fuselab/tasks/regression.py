"""A value, or several, a sample.

Shapes: B samples, C values.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from fuselab.errors import ConfigError, DataError
from fuselab.tasks.base import Task
from fuselab.tasks.regression_metrics import RegressionMetrics

LOSSES = ("huber", "mae", "mse")


class RegressionTask(Task):
    """Squared, absolute or Huber loss; MAE, RMSE, Pearson's r and R², and the MAE of each slice.

    Targets are (B,), or (B, C) for several values a sample, whose losses are averaged. Late fusion combines values.

    Args:
        config: resolved config of the run, plain values only

    Raises:
        ConfigError: a loss that can't be

    Reference:
        Huber (1964), Robust Estimation of a Location Parameter: quadratic up to ``huber_delta``, linear beyond.
    """

    def configure_losses(self) -> None:
        """The loss of the config, as a mean and sample by sample."""
        task = self.config["task"]
        if task["loss"] not in LOSSES:
            raise ConfigError(f"task.loss ({task['loss']}) must be one of {', '.join(LOSSES)}; set task.loss=mse")
        if not task["huber_delta"] > 0:
            raise ConfigError(f"task.huber_delta ({task['huber_delta']}) must be positive; set task.huber_delta=1")
        self.sample_loss = self._sample_loss
        self.loss = self._mean_loss

    def make_metrics(self) -> RegressionMetrics:
        """Make what validation or test reports."""
        task = self.config["task"]
        return RegressionMetrics(outputs=task["outputs"], loss=self._sample_loss, slices=task["slices"])

    def _sample_loss(self, output_BC: Tensor, target: Tensor) -> Tensor:
        target_BC = target.to(output_BC.dtype).reshape(len(target), -1)
        if target_BC.shape != output_BC.shape:
            raise DataError(
                f"the targets {tuple(target_BC.shape)} must be as many values a sample as the outputs "
                f"{tuple(output_BC.shape)}; set data.outputs={target_BC.shape[1]}"
            )
        task = self.config["task"]
        if task["loss"] == "mse":
            loss_BC = functional.mse_loss(output_BC, target_BC, reduction="none")
        elif task["loss"] == "mae":
            loss_BC = functional.l1_loss(output_BC, target_BC, reduction="none")
        else:
            loss_BC = functional.huber_loss(output_BC, target_BC, reduction="none", delta=task["huber_delta"])
        return loss_BC.mean(1)

    def _mean_loss(self, output_BC: Tensor, target: Tensor) -> Tensor:
        return self.sample_loss(output_BC, target).mean()
