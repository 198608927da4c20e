"""A multi-layer perceptron over a fixed vector."""

from __future__ import annotations

import torch
from torch import nn

from fuselab.encoders.sizes import check_share, check_width
from fuselab.types import Encoder, Features, ModalityInput


class Mlp(Encoder):
    r"""A vector of numbers → one token, through one hidden layer.

    .. math:: t = W_2 \, \mathrm{dropout}(\mathrm{GELU}(W_1 \, \mathrm{dropout}(x) + b_1)) + b_2

    Args:
        size: length of the vector
        hidden: width of the hidden layer
        dropout: share that training leaves out, of the vector and of the hidden layer
        dim: width of the token

    Shape:
        - values: (B, size)
        - output: tokens (B, 1, dim)

    Raises:
        ConfigError: a share that is none, or vectors of another length

    Example:
        >>> encoder = Mlp(size=5, hidden=8, dropout=0.0, dim=6)
        >>> encoder(ModalityInput(torch.zeros(2, 5), None, torch.ones(2).bool())).tokens.shape
        torch.Size([2, 1, 6])
    """

    def __init__(self, *, size: int, hidden: int, dropout: float, dim: int) -> None:
        super().__init__(dim=dim)
        check_share(dropout=dropout)
        self.size = size
        self.layers = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(size, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, dim)
        )

    def forward(self, modality: ModalityInput) -> Features:
        """Encode vectors."""
        check_width(modality.values, self.size, dims=2)
        tokens_BND = self.layers(modality.values)[:, None]
        return Features(tokens_BND, torch.ones_like(modality.present)[:, None], modality.present)
