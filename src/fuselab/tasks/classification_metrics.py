"""Metrics of one class a sample.

Shapes: B samples, C classes, G slices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torchmetrics import Metric
from torchmetrics.classification import MulticlassAccuracy, MulticlassCalibrationError, MulticlassF1Score

from fuselab.tasks.metrics import Metrics


class ClassificationMetrics(Metrics):
    """Loss, accuracy, macro-F1 and expected calibration error, and the accuracy of each slice.

    Args:
        classes: number of classes
        calibration_bins: bins of confidence
        slices: names of the groups of samples

    Example:
        >>> metrics = ClassificationMetrics(classes=2, calibration_bins=2, slices=["easy", "hard"])
        >>> logits = torch.tensor([[9.0, 0.0], [0.0, 9.0], [9.0, 0.0]])
        >>> metrics.update(logits, torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1]))
        >>> {name: round(float(value), 2) for name, value in metrics.compute().items() if "accuracy" in name}
        {'accuracy': 0.67, 'accuracy/easy': 1.0, 'accuracy/hard': 0.0}

    Reference:
        Guo et al. (2017), On Calibration of Modern Neural Networks, equation 3, for the calibration error.
    """

    names: ClassVar[tuple[str, ...]] = ("loss", "accuracy", "macro_f1", "calibration_error")
    by_slice: ClassVar[str] = "accuracy"

    def __init__(self, *, classes: int, calibration_bins: int, slices: Sequence[str]) -> None:
        super().__init__(slices=slices)
        self.accuracy = MulticlassAccuracy(classes, average="micro", validate_args=False)
        self.macro_f1 = MulticlassF1Score(classes, average="macro", validate_args=False)
        self.calibration_error = MulticlassCalibrationError(
            classes, n_bins=calibration_bins, norm="l1", validate_args=False
        )
        self.slice_accuracy = SliceAccuracy(slices=len(slices))

    def update(self, output_BC: Tensor, target: Tensor, slice_B: Tensor | None) -> None:
        """Count a batch of logits and classes."""
        logits_BC, target_B = output_BC, target
        # Without smoothing and weights: it measures the prediction, not the training.
        self.loss.update(nn.functional.cross_entropy(logits_BC, target_B, reduction="none"))
        probabilities_BC = logits_BC.softmax(1)
        for metric in (self.accuracy, self.macro_f1, self.calibration_error):
            metric.update(probabilities_BC, target_B)
        if slice_B is not None:
            self.slice_accuracy.update(logits_BC, target_B, slice_B)

    def compute(self) -> dict[str, Tensor]:
        """Return every metric; that of a slice without samples is NaN."""
        return {
            "loss": self.loss.compute(),
            "accuracy": self.accuracy.compute(),
            "macro_f1": self.macro_f1.compute(),
            "calibration_error": self.calibration_error.compute(),
            **(self.named_slices(self.slice_accuracy.compute()) if self.slice_names else {}),
        }


class SliceAccuracy(Metric):
    """Accuracy of each slice; NaN for a slice without samples.

    One metric for all slices: a process that has no sample of a slice still takes part in adding it up.

    Args:
        slices: number of slices, G

    Shape:
        - output: (G,)
    """

    right: Tensor
    seen: Tensor

    def __init__(self, *, slices: int) -> None:
        super().__init__()
        for name in ("right", "seen"):
            self.add_state(name, torch.zeros(slices, dtype=torch.long), dist_reduce_fx="sum")

    def update(self, logits_BC: Tensor, target_B: Tensor, slice_B: Tensor) -> None:
        """Count a batch."""
        member_BG = slice_B[:, None] == torch.arange(len(self.seen), device=slice_B.device)
        right_B = logits_BC.argmax(1) == target_B
        self.right += (member_BG & right_B[:, None]).sum(0)
        self.seen += member_BG.sum(0)

    def compute(self) -> Tensor:
        """Return right ones among all."""
        return self.right / self.seen
