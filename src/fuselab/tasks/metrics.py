"""What the metrics of every task have in common: counted batch by batch, over all samples and slice by slice.

Shapes: B samples, C outputs, G slices.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric


class Metrics(nn.Module, ABC):
    """Metrics of one split.

    Args:
        slices: names of the groups of samples
    """

    names: ClassVar[tuple[str, ...]]  # of all that it computes, without those of slices
    by_slice: ClassVar[str]  # the one that each slice has too

    def __init__(self, *, slices: Sequence[str]) -> None:
        super().__init__()
        # Not Lightning's own mean: over processes with unequal shares it rounds the number of samples.
        self.loss = MeanMetric(nan_strategy="disable")
        self.slice_names = tuple(slices)

    @abstractmethod
    def update(self, output_BC: Tensor, target: Tensor, slice_B: Tensor | None) -> None:
        """Count a batch."""

    @abstractmethod
    def compute(self) -> dict[str, Tensor]:
        """Return every metric; that of a slice without samples is NaN."""

    def reset(self) -> None:
        """Forget what was counted."""
        for metric in self.children():
            if isinstance(metric, Metric):
                metric.reset()

    def named_slices(self, values_G: Tensor) -> dict[str, Tensor]:
        """Return each slice's value under the name that it is logged by."""
        # A metric gives the value of a single slice without its dimension.
        by_name = zip(self.slice_names, values_G.reshape(-1), strict=True)
        return {f"{self.by_slice}/{name}": value for name, value in by_name}


class SliceMean(Metric):
    """Mean of a number of each sample in each slice; NaN for a slice without samples.

    One metric for all slices: a process that has no sample of a slice still takes part in adding it up.

    Args:
        slices: number of slices, G

    Shape:
        - output: (G,)

    Example:
        >>> mean = SliceMean(slices=3)
        >>> mean.update(torch.tensor([1.0, 3.0, 5.0]), torch.tensor([0, 0, 2]))
        >>> mean.compute()
        tensor([2., nan, 5.])
    """

    total: Tensor
    seen: Tensor

    def __init__(self, *, slices: int) -> None:
        super().__init__()
        for name in ("total", "seen"):
            self.add_state(name, torch.zeros(slices, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, value_B: Tensor, slice_B: Tensor) -> None:
        """Count a batch."""
        member_BG = slice_B[:, None] == torch.arange(len(self.seen), device=slice_B.device)
        self.total += torch.where(member_BG, value_B[:, None].double(), 0.0).sum(0)
        self.seen += member_BG.sum(0)

    def compute(self) -> Tensor:
        """Return the sums by the numbers of samples."""
        return (self.total / self.seen).float()
