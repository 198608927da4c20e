"""Clips in white noise at a drawn signal-to-noise ratio."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from fuselab.data.transforms.base import WAVES, RandomTransform
from fuselab.data.transforms.checks import check_range
from fuselab.data.transforms.draws import Draws
from fuselab.types import ModalityInput


class NoiseAtSnr(RandomTransform):
    r"""Adds white noise so that each clip stands above it by a drawn ratio; a silent clip stays silent.

    .. math:: y = x + n \, \sqrt{\frac{\lVert x \rVert^2}{\lVert n \rVert^2 \, 10^{s / 10}}}, \qquad
        s \sim \mathrm{U}[s_{low}, s_{high})

    Both norms are over what is real.

    Args:
        snr_db: range of s

    Shape:
        - values: (B, T)

    Raises:
        ConfigError: no range

    Example:
        >>> wave = torch.ones(1, 4000)
        >>> noise = NoiseAtSnr(snr_db=[20, 20])
        >>> given = ModalityInput(wave, None, torch.tensor([True]))
        >>> noisy = noise.apply(given, Draws(["0/0/0"], device=torch.device("cpu"))).values
        >>> round(float(10 * torch.log10(wave.square().sum() / (noisy - wave).square().sum())), 3)
        20.0
    """

    takes = WAVES

    def __init__(self, *, snr_db: Sequence[float]) -> None:
        check_range(snr_db=snr_db)
        self.snr_db = tuple(snr_db)

    def apply(self, modality: ModalityInput, draws: Draws) -> ModalityInput:
        """Add noise."""
        from torchaudio.functional import add_noise

        ratio_B = draws.between(*self.snr_db)
        noise_BT = draws.normal(modality.values.shape[1])
        if modality.mask is not None:
            noise_BT = torch.where(modality.mask, noise_BT, 0.0)
        return modality._replace(values=add_noise(modality.values, noise_BT, ratio_B))
