"""Images turned by chance."""

from __future__ import annotations

import torch
from torch.nn.functional import affine_grid, grid_sample

from fuselab.data.transforms.base import IMAGES, RandomTransform
from fuselab.data.transforms.checks import check_least
from fuselab.data.transforms.draws import Draws
from fuselab.types import ModalityInput


class Rotate(RandomTransform):
    """Turns images about their middle by drawn angles, bilinear; what comes in from outside is black.

    All images of a batch at once, where ``torchvision`` would turn one by one.

    Args:
        degrees: farthest turn to either side

    Shape:
        - values: (B, channels, height, width)

    Raises:
        ConfigError: a negative angle

    Example:
        >>> given = ModalityInput(torch.rand(1, 1, 8, 8), None, torch.tensor([True]))
        >>> Rotate(degrees=10).apply(given, Draws(["0/0/0"], device=torch.device("cpu"))).values.shape
        torch.Size([1, 1, 8, 8])
    """

    takes = IMAGES

    def __init__(self, *, degrees: float) -> None:
        check_least(0, degrees=degrees)
        self.degrees = degrees

    def apply(self, modality: ModalityInput, draws: Draws) -> ModalityInput:
        """Turn each image by an angle of its own."""
        values = modality.values
        height, width = values.shape[-2:]
        angle_B = draws.between(-self.degrees, self.degrees).deg2rad()
        cos_B, sin_B, zero_B = angle_B.cos(), angle_B.sin(), torch.zeros_like(angle_B)
        # The grid counts from -1 to 1 along both sides, however long they are.
        along_x = torch.stack([cos_B, -sin_B * height / width, zero_B], dim=1)
        along_y = torch.stack([sin_B * width / height, cos_B, zero_B], dim=1)
        grid = affine_grid(torch.stack([along_x, along_y], dim=1), list(values.shape), align_corners=False)
        turned = grid_sample(values, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        return modality._replace(values=turned)
