"""Images of another size."""

from __future__ import annotations

from fuselab.data.transforms.base import IMAGES, FixedTransform
from fuselab.data.transforms.checks import check_least
from fuselab.types import ModalityInput


class Resize(FixedTransform):
    """Brings images to one height and width, bilinear and antialiased.

    Args:
        size: height and width

    Shape:
        - values: (B, channels, height, width)
        - output: (B, channels, size, size)

    Raises:
        ConfigError: no size

    Example:
        >>> import torch
        >>> given = ModalityInput(torch.ones(1, 1, 4, 6), None, torch.tensor([True]))
        >>> Resize(size=8).apply(given).values.shape
        torch.Size([1, 1, 8, 8])
    """

    takes = IMAGES

    def __init__(self, *, size: int) -> None:
        check_least(1, size=size)
        self.size = size

    def apply(self, modality: ModalityInput) -> ModalityInput:
        """Resize."""
        from torchvision.transforms.v2.functional import resize

        return modality._replace(values=resize(modality.values, [self.size, self.size], antialias=True))
