"""Pictures as pretrained models want them, and their maps as tokens."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fuselab.errors import ConfigError


def in_colour(pictures: Tensor, *, name: str) -> Tensor:
    """Repeat grey pictures to three channels.

    Args:
        pictures: (B, 1 or 3, height, width)
        name: of the model, for messages

    Raises:
        ConfigError: no pictures, or other channels

    Example:
        >>> in_colour(torch.zeros(2, 1, 4, 4), name="resnet18").shape
        torch.Size([2, 3, 4, 4])
    """
    if pictures.dim() != 4 or pictures.shape[1] not in (1, 3):
        raise ConfigError(
            f"the data's values (of shape {tuple(pictures.shape)}) must be pictures (B, 1 or 3, height, width) for "
            f"{name}; choose an encoder for what they are, or set data.image.channels"
        )
    return pictures.expand(-1, 3, -1, -1)


def fitted(
    pictures: Tensor, *, size: int, mean: Sequence[float], std: Sequence[float], interpolation: str, name: str
) -> Tensor:
    """Resize pictures to a square and bring their colours to where a model was trained.

    Args:
        pictures: (B, 1 or 3, height, width), numbers of 0 to 1
        size: height and width
        mean: of each channel
        std: of each channel
        interpolation: ``bilinear`` or ``bicubic``
        name: of the model, for messages
    """
    from torchvision.transforms.v2 import InterpolationMode
    from torchvision.transforms.v2.functional import normalize, resize

    resized = resize(in_colour(pictures, name=name), [size, size], InterpolationMode(interpolation), antialias=True)
    found: Tensor = normalize(resized.clamp(0, 1), list(mean), list(std))
    return found


def as_tokens(found: Tensor, *, width: int) -> Tensor:
    """Return tokens as they are, and the cells of a map, channels first or last, row by row.

    Example:
        >>> as_tokens(torch.zeros(2, 8, 3, 3), width=8).shape, as_tokens(torch.zeros(2, 3, 3, 8), width=8).shape
        (torch.Size([2, 9, 8]), torch.Size([2, 9, 8]))
    """
    if found.dim() == 3:
        return found
    return found.flatten(2).mT if found.shape[1] == width else torch.flatten(found, 1, 2)
