"""Clips at another rate."""

from __future__ import annotations

from fuselab.data.transforms.base import WAVES, FixedTransform, steps_of
from fuselab.data.transforms.checks import check_above
from fuselab.types import ModalityInput


class Resample(FixedTransform):
    """Brings clips from one rate to another, band-limited.

    Args:
        before: samples a second that the data has
        after: samples a second that the encoder wants

    Shape:
        - values: (B, T), padding behind
        - output: (B, ⌈T · after / before⌉)

    Raises:
        ConfigError: no rate

    Example:
        >>> import torch
        >>> given = ModalityInput(torch.zeros(1, 800), None, torch.tensor([True]))
        >>> Resample(before=8000, after=16000).apply(given).values.shape
        torch.Size([1, 1600])
    """

    takes = WAVES

    def __init__(self, *, before: int, after: int) -> None:
        check_above(0, before=before, after=after)
        self.before = before
        self.after = after

    def apply(self, modality: ModalityInput) -> ModalityInput:
        """Resample; a clip ends where its last sample was."""
        from torchaudio.functional import resample

        values, mask = resample(modality.values, self.before, self.after), modality.mask
        if mask is not None:
            length_B1 = -(-mask.sum(1, keepdim=True) * self.after // self.before)
            mask = steps_of(values) < length_B1
        return modality._replace(values=values, mask=mask)
