"""A bidirectional GRU over a sequence of vectors."""

from __future__ import annotations

import torch
from torch import nn

from fuselab.encoders.recurrent import read_both_ways
from fuselab.encoders.sizes import check_share, check_width
from fuselab.errors import ConfigError
from fuselab.types import Encoder, Features, ModalityInput


class Gru(Encoder):
    """A linear map of each step, then a GRU in both directions; each step is a token.

    Padding may stand anywhere, also between real steps: a sequence is read as if it had none.

    Args:
        size: width of a step
        layers: GRU layers
        dropout: share of a step's numbers that training leaves out
        dim: width of the tokens, an even number: half for each direction

    Shape:
        - values: (B, T, size); mask (B, T)
        - output: tokens (B, T, dim)

    Raises:
        ConfigError: an odd width, a share that is none, or steps of another width

    Example:
        >>> encoder = Gru(size=3, layers=1, dropout=0.0, dim=6)
        >>> mask = torch.tensor([[True, True, False, False]])
        >>> encoder(ModalityInput(torch.randn(1, 4, 3), mask, torch.tensor([True]))).tokens.shape
        torch.Size([1, 4, 6])

    Reference:
        Cho et al. (2014), Learning Phrase Representations using RNN Encoder-Decoder, equations 5 to 8.
    """

    def __init__(self, *, size: int, layers: int, dropout: float, dim: int) -> None:
        super().__init__(dim=dim)
        if dim % 2:
            raise ConfigError(f"encoder.*.dim ({dim}) must be even: half for each direction; choose an even width")
        check_share(dropout=dropout)
        self.size = size
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(size, dim)
        self.forwards = nn.GRU(dim, dim // 2, num_layers=layers, batch_first=True)
        self.backwards = nn.GRU(dim, dim // 2, num_layers=layers, batch_first=True)

    def forward(self, modality: ModalityInput) -> Features:
        """Encode sequences."""
        check_width(modality.values, self.size, dims=3)
        mask_BN = modality.mask
        if mask_BN is None:
            mask_BN = torch.ones(modality.values.shape[:2], dtype=torch.bool, device=modality.values.device)
        steps_BND = self.project(self.dropout(modality.values))
        return Features(read_both_ways(self.forwards, self.backwards, steps_BND, mask_BN), mask_BN, modality.present)
