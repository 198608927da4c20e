"""Clips of one length."""

from __future__ import annotations

import torch
from torch.nn.functional import pad

from fuselab.data.transforms.base import WAVES, FixedTransform
from fuselab.data.transforms.checks import check_above
from fuselab.types import ModalityInput


class Length(FixedTransform):
    """Cuts clips off at their end, or pads them with silence that the mask knows of.

    Args:
        sample_rate: of the clips
        seconds: of what is left

    Shape:
        - values: (B, T)
        - output: (B, seconds · sample_rate)

    Raises:
        ConfigError: no rate or no length

    Example:
        >>> given = ModalityInput(torch.ones(1, 3), None, torch.tensor([True]))
        >>> Length(sample_rate=10, seconds=0.5).apply(given)[:2]
        (tensor([[1., 1., 1., 0., 0.]]), tensor([[ True,  True,  True, False, False]]))
    """

    takes = WAVES

    def __init__(self, *, sample_rate: int, seconds: float) -> None:
        check_above(0, sample_rate=sample_rate, seconds=seconds)
        self.steps = round(sample_rate * seconds)

    def apply(self, modality: ModalityInput) -> ModalityInput:
        """Cut or pad."""
        values, mask = modality.values, modality.mask
        more = self.steps - values.shape[1]
        if more > 0 and mask is None:
            mask = torch.ones_like(values, dtype=torch.bool)
        return modality._replace(
            values=pad(values, (0, more)), mask=None if mask is None else pad(mask, (0, more), value=False)
        )
