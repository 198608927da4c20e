"""A small convolutional network for small images."""

from __future__ import annotations

import torch
from torch import nn

from fuselab.errors import ConfigError
from fuselab.types import Encoder, Features, ModalityInput


class Cnn(Encoder):
    """Two convolutions over an image; each cell of the last map is a token.

    There is no batch norm: what a sample becomes never depends on the others in its batch.

    Args:
        channels: of the image
        size: height and width of the image, a multiple of 4
        hidden: channels of the first convolution
        dim: width of the tokens

    Shape:
        - values: (B, channels, size, size)
        - output: tokens (B, (size / 4)², dim)

    Raises:
        ConfigError: a size that 4 does not divide, or images of another shape

    Example:
        >>> encoder = Cnn(channels=1, size=8, hidden=4, dim=6)
        >>> encoder(ModalityInput(torch.zeros(2, 1, 8, 8), None, torch.ones(2).bool())).tokens.shape
        torch.Size([2, 4, 6])
    """

    def __init__(self, *, channels: int, size: int, hidden: int, dim: int) -> None:
        super().__init__(dim=dim)
        if size % 4 or size < 4:
            raise ConfigError(f"encoder.image.size ({size}) must be a multiple of 4; resize or pad the images")
        self.shape = (channels, size, size)
        self.first = nn.Conv2d(channels, hidden, kernel_size=5, padding=2, stride=2)
        self.second = nn.Conv2d(hidden, dim, kernel_size=3, padding=1, stride=2)
        self.norm = nn.LayerNorm(dim)
        self.position = nn.Parameter(0.02 * torch.randn((size // 4) ** 2, dim))

    def forward(self, modality: ModalityInput) -> Features:
        """Encode images."""
        if modality.values.shape[1:] != self.shape:
            raise ConfigError(
                f"encoder.*.channels ({self.shape[0]}) and size ({self.shape[1]}) must be those of the images, which "
                f"are {tuple(modality.values.shape)}; set them"
            )
        map_BCHW = self.second(torch.relu(self.first(modality.values)))
        tokens_BND = self.norm(map_BCHW.flatten(2).transpose(1, 2)) + self.position
        mask_BN = torch.ones(tokens_BND.shape[:2], dtype=torch.bool, device=tokens_BND.device)
        return Features(tokens_BND, mask_BN, modality.present)
