"""Images mirrored by chance."""

from __future__ import annotations

from typing import Literal

import torch

from fuselab.data.transforms.base import IMAGES, RandomTransform, each
from fuselab.data.transforms.checks import check_share
from fuselab.data.transforms.draws import Draws
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput


class Flip(RandomTransform):
    """Mirrors some images; not for what a mirror makes another class of, such as digits.

    Args:
        probability: of being mirrored
        direction: ``horizontal``, left for right, or ``vertical``, top for bottom

    Shape:
        - values: (B, channels, height, width)

    Raises:
        ConfigError: no probability, or another direction

    Example:
        >>> given = ModalityInput(torch.tensor([[[[1.0, 2.0]]]]), None, torch.tensor([True]))
        >>> flip = Flip(probability=1.0, direction="horizontal")
        >>> flip.apply(given, Draws(["0/0/0"], device=torch.device("cpu"))).values
        tensor([[[[2., 1.]]]])
    """

    takes = IMAGES

    def __init__(self, *, probability: float, direction: Literal["horizontal", "vertical"]) -> None:
        check_share(probability=probability)
        if direction not in ("horizontal", "vertical"):
            raise ConfigError(f"transform.*.direction ({direction}) must be horizontal or vertical; choose one")
        self.probability = probability
        self.direction = direction

    def apply(self, modality: ModalityInput, draws: Draws) -> ModalityInput:
        """Mirror by chance."""
        from torchvision.transforms.v2.functional import horizontal_flip, vertical_flip

        mirrored = (horizontal_flip if self.direction == "horizontal" else vertical_flip)(modality.values)
        chosen_B = draws.uniform() < self.probability
        return modality._replace(values=torch.where(each(chosen_B, mirrored), mirrored, modality.values))
