"""Spectrograms with bands and stretches of time left out by chance.

Shapes: B samples, F frames, K frequency bands.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fuselab.data.transforms.base import FRAMES, RandomTransform
from fuselab.data.transforms.checks import check_least, check_share
from fuselab.data.transforms.draws import Draws
from fuselab.types import ModalityInput


class SpecAugment(RandomTransform):
    r"""Sets drawn bands and drawn stretches of the encoder's spectrogram to zero, which is a clip's mean.

    .. math:: w \sim \{0, \dots, W\}, \qquad w_0 \sim \{0, \dots, n - w\}, \qquad \text{masked} = [w_0, w_0 + w)

    with n the bands, or the frames that are real: what is padding is no place for a mask. A stretch of time is at most
    a share of the real frames, too.

    Args:
        time_masks: stretches of time
        time_width: longest of them in frames, W
        time_share: of the real frames that one of them may take
        frequency_masks: bands
        frequency_width: widest of them, W

    Shape:
        - values: (B, F, K) as the encoder prepares it; mask (B, F) or None

    Raises:
        ConfigError: a negative number, or no share

    Example:
        >>> augment = SpecAugment(time_masks=1, time_width=2, time_share=1.0, frequency_masks=1, frequency_width=2)
        >>> given = ModalityInput(torch.ones(1, 8, 4), None, torch.tensor([True]))
        >>> augment.apply(given, Draws(["0/0/0"], device=torch.device("cpu"))).values.shape
        torch.Size([1, 8, 4])

    Reference:
        Park et al. (2019), SpecAugment: A Simple Data Augmentation Method for Automatic Speech Recognition, section 2;
        without its time warping.
    """

    takes = FRAMES
    after_prepare = True

    def __init__(
        self, *, time_masks: int, time_width: int, time_share: float, frequency_masks: int, frequency_width: int
    ) -> None:
        check_least(
            0,
            time_masks=time_masks,
            time_width=time_width,
            frequency_masks=frequency_masks,
            frequency_width=frequency_width,
        )
        check_share(time_share=time_share)
        self.time_masks = time_masks
        self.time_width = time_width
        self.time_share = time_share
        self.frequency_masks = frequency_masks
        self.frequency_width = frequency_width

    def apply(self, modality: ModalityInput, draws: Draws) -> ModalityInput:
        """Leave out bands and stretches."""
        values = modality.values
        samples, frames, bands = values.shape
        mask = modality.mask
        real_B = torch.full((samples,), frames, device=values.device) if mask is None else mask.sum(1)
        bands_B = torch.full((samples,), bands, device=values.device)
        for _ in range(self.time_masks):
            longest_B = (real_B * self.time_share).long().clamp(max=self.time_width)
            values = values.masked_fill(_stretch(draws, longest_B, real_B, frames)[:, :, None], 0.0)
        for _ in range(self.frequency_masks):
            widest_B = bands_B.clamp(max=self.frequency_width)
            values = values.masked_fill(_stretch(draws, widest_B, bands_B, bands)[:, None], 0.0)
        return modality._replace(values=values)


def _stretch(draws: Draws, widest_B: Tensor, within_B: Tensor, count: int) -> Tensor:
    """Draw a stretch for each sample.

    Shape:
        - output: (B, count), True inside
    """
    width_B = draws.whole(widest_B)
    first_B1 = draws.whole(within_B - width_B)[:, None]
    places = torch.arange(count, device=widest_B.device)
    inside: Tensor = (places >= first_B1) & (places < first_B1 + width_B[:, None])
    return inside
