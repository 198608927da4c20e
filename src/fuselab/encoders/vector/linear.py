"""One linear map of a fixed vector: what needs no more than a width of its own."""

from __future__ import annotations

import torch
from torch import nn

from fuselab.encoders.sizes import check_share, check_width
from fuselab.types import Encoder, Features, ModalityInput


class Linear(Encoder):
    r"""A vector of numbers → one token.

    .. math:: t = W \, \mathrm{dropout}(x) + b

    Args:
        size: length of the vector
        dropout: share of its numbers that training leaves out
        dim: width of the token

    Shape:
        - values: (B, size)
        - output: tokens (B, 1, dim)

    Raises:
        ConfigError: a share that is none, or vectors of another length

    Example:
        >>> encoder = Linear(size=5, dropout=0.0, dim=6)
        >>> encoder(ModalityInput(torch.zeros(2, 5), None, torch.ones(2).bool())).tokens.shape
        torch.Size([2, 1, 6])
    """

    def __init__(self, *, size: int, dropout: float, dim: int) -> None:
        super().__init__(dim=dim)
        check_share(dropout=dropout)
        self.size = size
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(size, dim)

    def forward(self, modality: ModalityInput) -> Features:
        """Encode vectors."""
        check_width(modality.values, self.size, dims=2)
        tokens_BND = self.project(self.dropout(modality.values))[:, None]
        return Features(tokens_BND, torch.ones_like(modality.present)[:, None], modality.present)
