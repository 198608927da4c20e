"""Metrics of values.

Shapes: B samples, C values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor
from torchmetrics import MeanAbsoluteError, MeanSquaredError, PearsonCorrCoef, R2Score

from fuselab.tasks.metrics import Metrics, SliceMean
from fuselab.types import SampleLoss


class RegressionMetrics(Metrics):
    """Loss, mean absolute error, root mean squared error, Pearson's r, R², and the mean absolute error of each slice.

    Of several values a sample, errors are over all of them together, r and R² the mean over values.

    Args:
        outputs: number of values a sample
        loss: that training minimises, sample by sample
        slices: names of the groups of samples

    Example:
        >>> metrics = RegressionMetrics(outputs=1, loss=lambda output, target: output[:, 0] - target, slices=["all"])
        >>> metrics.update(torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([1.0, 2.0, 3.0]), torch.zeros(3))
        >>> {name: round(float(value), 2) for name, value in metrics.compute().items()}
        {'loss': 0.33, 'mae': 0.33, 'rmse': 0.58, 'pearson_r': 0.98, 'r2': 0.5, 'mae/all': 0.33}
    """

    names: ClassVar[tuple[str, ...]] = ("loss", "mae", "rmse", "pearson_r", "r2")
    by_slice: ClassVar[str] = "mae"

    def __init__(self, *, outputs: int, loss: SampleLoss, slices: Sequence[str]) -> None:
        super().__init__(slices=slices)
        self.outputs = outputs
        self.sample_loss = loss
        self.mae = MeanAbsoluteError()
        self.rmse = MeanSquaredError(squared=False)
        self.pearson_r = PearsonCorrCoef(num_outputs=outputs)
        self.r2 = R2Score()
        # Sums of squares of values far from zero, such as years, lose what they tell in single precision. Set here, not
        # by what comes in: a process without samples must hold the same kind of number as the others.
        for metric in (self.pearson_r, self.r2):
            metric.set_dtype(torch.float64)
        self.slice_error = SliceMean(slices=len(slices))

    def update(self, output_BC: Tensor, target: Tensor, slice_B: Tensor | None) -> None:
        """Count a batch of values."""
        self.loss.update(self.sample_loss(output_BC, target))
        target_BC = target.to(output_BC.dtype).reshape(len(target), -1)
        self.mae.update(output_BC, target_BC)
        self.rmse.update(output_BC, target_BC)
        for metric in (self.pearson_r, self.r2):
            wide = (output_BC.double(), target_BC.double())
            metric.update(*((one[:, 0] for one in wide) if self.outputs == 1 else wide))
        if slice_B is not None:
            self.slice_error.update((output_BC - target_BC).abs().mean(1), slice_B)

    def compute(self) -> dict[str, Tensor]:
        """Return every metric; that of a slice without samples is NaN, and so are r and R² of a single sample."""
        several = int(self.r2.total) > 1
        unknown = torch.full_like(self.mae.sum_abs_error, torch.nan)
        return {
            "loss": self.loss.compute(),
            "mae": self.mae.compute(),
            "rmse": self.rmse.compute(),
            "pearson_r": self.pearson_r.compute().mean().to(unknown) if several else unknown,
            "r2": self.r2.compute().to(unknown) if several else unknown,
            **(self.named_slices(self.slice_error.compute()) if self.slice_names else {}),
        }
