"""White noise on numbers of any kind: pixels, features."""

from __future__ import annotations

from collections.abc import Sequence

from fuselab.data.transforms.base import NUMBERS, RandomTransform
from fuselab.data.transforms.checks import check_least, check_range
from fuselab.data.transforms.draws import Draws
from fuselab.types import ModalityInput


class GaussianNoise(RandomTransform):
    """Adds normal noise to every number.

    Args:
        deviation: of the noise
        limits: that values are kept within afterwards, such as 0 and 1 of pixels, or None

    Shape:
        - values: (B, …)

    Raises:
        ConfigError: a negative deviation, or limits that are none

    Example:
        >>> import torch
        >>> noise = GaussianNoise(deviation=0.1, limits=[0, 1])
        >>> given = ModalityInput(torch.ones(1, 1, 4, 4), None, torch.tensor([True]))
        >>> changed = noise.apply(given, Draws(["0/0/0"], device=torch.device("cpu"))).values
        >>> bool((changed <= 1).all()), bool((changed < 1).any())
        (True, True)
    """

    takes = NUMBERS

    def __init__(self, *, deviation: float, limits: Sequence[float] | None) -> None:
        check_least(0, deviation=deviation)
        if limits is not None:
            check_range(limits=limits)
        self.deviation = deviation
        self.limits = limits

    def apply(self, modality: ModalityInput, draws: Draws) -> ModalityInput:
        """Add noise."""
        values = modality.values + self.deviation * draws.normal(*modality.values.shape[1:])
        return modality._replace(values=values if self.limits is None else values.clamp(*self.limits))
