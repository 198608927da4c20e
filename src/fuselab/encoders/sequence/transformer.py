"""A transformer over a sequence of vectors."""

from __future__ import annotations

import torch
from torch import nn

from fuselab.encoders.sequence.layers import Layer, waves
from fuselab.encoders.sizes import check_width
from fuselab.types import Encoder, Features, ModalityInput


class Transformer(Encoder):
    """A linear map of each step and where it stands, then layers of self-attention; each step is a token.

    Args:
        size: width of a step
        layers: of attention
        heads: of each layer
        feedforward: hidden width of a layer's feed-forward part
        dropout: of the values and of each residual branch
        dim: width of the tokens, an even number

    Shape:
        - values: (B, T, size); mask (B, T), which may have gaps: a step keeps its place
        - output: tokens (B, T, dim)

    Raises:
        ConfigError: an odd width, heads that don't divide it, a share that is none, or steps of another width

    Example:
        >>> encoder = Transformer(size=3, layers=1, heads=2, feedforward=8, dropout=0.0, dim=6)
        >>> mask = torch.tensor([[True, True, False, False]])
        >>> encoder(ModalityInput(torch.randn(1, 4, 3), mask, torch.tensor([True]))).tokens.shape
        torch.Size([1, 4, 6])

    Reference:
        Vaswani et al. (2017), Attention Is All You Need.
    """

    def __init__(self, *, size: int, layers: int, heads: int, feedforward: int, dropout: float, dim: int) -> None:
        super().__init__(dim=dim)
        self.size = size
        self.layers = nn.ModuleList(
            Layer(dim=dim, heads=heads, feedforward=feedforward, dropout=dropout) for _ in range(layers)
        )
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(size, dim)
        self.norm = nn.LayerNorm(dim)
        waves(torch.zeros(1), dim)  # an odd width ends here, not in the first batch

    def forward(self, modality: ModalityInput) -> Features:
        """Encode sequences."""
        values = modality.values
        check_width(values, self.size, dims=3)
        mask_BN = modality.mask
        if mask_BN is None:
            mask_BN = torch.ones(values.shape[:2], dtype=torch.bool, device=values.device)
        place_ND = waves(torch.arange(values.shape[1], device=values.device), self.dim)
        tokens_BND = self.project(self.dropout(values)) + place_ND.to(values.dtype)
        for layer in self.layers:
            tokens_BND = layer(tokens_BND, tokens_BND, mask_BN)
        return Features(self.norm(tokens_BND), mask_BN, modality.present)
