"""Metrics of several labels a sample.

Shapes: B samples, C labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn
from torchmetrics.classification import MultilabelAveragePrecision, MultilabelExactMatch, MultilabelF1Score

from fuselab.tasks.metrics import Metrics, SliceMean


class MultilabelMetrics(Metrics):
    """Loss, F1 over all labels and as the mean of labels, mean average precision, and subset accuracy.

    Subset accuracy, also that of each slice, is the share of samples with every label right. A label that no sample
    of the split has counts 0 in macro-F1 and in the mean average precision, as in scikit-learn.

    Args:
        labels: number of labels
        threshold: probability from which a label is said to be there
        slices: names of the groups of samples

    Example:
        >>> import torch
        >>> metrics = MultilabelMetrics(labels=2, threshold=0.5, slices=["easy", "hard"])
        >>> logits = torch.tensor([[9.0, -9.0], [9.0, 9.0]])
        >>> metrics.update(logits, torch.tensor([[1, 0], [1, 0]]), torch.tensor([0, 1]))
        >>> {name: round(float(value), 2) for name, value in metrics.compute().items() if "accuracy" in name}
        {'subset_accuracy': 0.5, 'subset_accuracy/easy': 1.0, 'subset_accuracy/hard': 0.0}
    """

    names: ClassVar[tuple[str, ...]] = ("loss", "subset_accuracy", "micro_f1", "macro_f1", "mean_average_precision")
    by_slice: ClassVar[str] = "subset_accuracy"

    def __init__(self, *, labels: int, threshold: float, slices: Sequence[str]) -> None:
        super().__init__(slices=slices)
        self.threshold = threshold
        self.subset_accuracy = MultilabelExactMatch(labels, threshold=threshold, validate_args=False)
        self.micro_f1 = MultilabelF1Score(labels, threshold=threshold, average="micro", validate_args=False)
        self.macro_f1 = MultilabelF1Score(labels, threshold=threshold, average="macro", validate_args=False)
        self.mean_average_precision = MultilabelAveragePrecision(labels, average="macro", validate_args=False)
        self.slice_accuracy = SliceMean(slices=len(slices))

    def update(self, output_BC: Tensor, target: Tensor, slice_B: Tensor | None) -> None:
        """Count a batch of logits and labels."""
        # Without weights: it measures the prediction, not the training.
        loss_BC = nn.functional.binary_cross_entropy_with_logits(
            output_BC, target.to(output_BC.dtype), reduction="none"
        )
        self.loss.update(loss_BC.mean(1))
        probabilities_BC, labels_BC = output_BC.sigmoid(), target.long()
        for metric in (self.subset_accuracy, self.micro_f1, self.macro_f1, self.mean_average_precision):
            metric.update(probabilities_BC, labels_BC)
        if slice_B is not None:
            right_B = ((probabilities_BC > self.threshold) == labels_BC.bool()).all(1)
            self.slice_accuracy.update(right_B, slice_B)

    def compute(self) -> dict[str, Tensor]:
        """Return every metric; that of a slice without samples is NaN."""
        return {
            "loss": self.loss.compute(),
            "subset_accuracy": self.subset_accuracy.compute(),
            "micro_f1": self.micro_f1.compute(),
            "macro_f1": self.macro_f1.compute(),
            "mean_average_precision": self.mean_average_precision.compute(),
            **(self.named_slices(self.slice_accuracy.compute()) if self.slice_names else {}),
        }
