"""Images moved by chance: padded, then cut out at another place."""

from __future__ import annotations

from typing import Literal

import torch

from fuselab.data.transforms.base import IMAGES, RandomTransform
from fuselab.data.transforms.checks import check_least
from fuselab.data.transforms.draws import Draws
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

MODES = ("constant", "edge", "reflect", "symmetric")


class Crop(RandomTransform):
    """Pads images on every side and cuts their own size out at a drawn place.

    Args:
        padding: pixels on every side, which is as far as an image can move
        mode: what stands there: ``constant`` (black), ``edge``, ``reflect`` or ``symmetric``

    Shape:
        - values: (B, channels, height, width)

    Raises:
        ConfigError: no pixel, or another mode

    Example:
        >>> given = ModalityInput(torch.rand(1, 1, 8, 8), None, torch.tensor([True]))
        >>> Crop(padding=2, mode="edge").apply(given, Draws(["0/0/0"], device=torch.device("cpu"))).values.shape
        torch.Size([1, 1, 8, 8])

    Reference:
        He, Zhang, Ren, Sun (2016), Deep Residual Learning for Image Recognition, section 4.2.
    """

    takes = IMAGES

    def __init__(self, *, padding: int, mode: Literal["constant", "edge", "reflect", "symmetric"]) -> None:
        check_least(1, padding=padding)
        if mode not in MODES:
            raise ConfigError(f"transform.*.mode ({mode}) must be one of {', '.join(MODES)}; choose one")
        self.padding = padding
        self.mode = mode

    def apply(self, modality: ModalityInput, draws: Draws) -> ModalityInput:
        """Cut each image out at a place of its own."""
        from torchvision.transforms.v2.functional import pad

        values = modality.values
        padded_BCHW = pad(values, [self.padding] * 4, padding_mode=self.mode)
        samples, _, height, width = values.shape
        furthest_B = torch.full((samples,), 2 * self.padding, device=values.device)
        rows_BH = draws.whole(furthest_B)[:, None] + torch.arange(height, device=values.device)
        columns_BW = draws.whole(furthest_B)[:, None] + torch.arange(width, device=values.device)
        sample_B11 = torch.arange(samples, device=values.device)[:, None, None]
        cut_BHWC = padded_BCHW[sample_B11, :, rows_BH[:, :, None], columns_BW[:, None]]
        return modality._replace(values=cut_BHWC.permute(0, 3, 1, 2).contiguous())
