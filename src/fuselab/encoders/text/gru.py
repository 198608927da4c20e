"""A bidirectional GRU over word pieces."""

from __future__ import annotations

import torch
from torch import nn

from fuselab.encoders.recurrent import read_both_ways
from fuselab.errors import ConfigError
from fuselab.types import Encoder, Features, ModalityInput


class Gru(Encoder):
    """Embeddings, then a GRU in both directions; each step is a token.

    Args:
        vocab_size: number of token ids
        layers: GRU layers
        dim: width of the tokens, an even number: half for each direction

    Shape:
        - values: (B, T) token ids; mask (B, T), padding behind the text
        - output: tokens (B, T, dim)

    Raises:
        ConfigError: an odd width

    Example:
        >>> encoder = Gru(vocab_size=9, layers=1, dim=6)
        >>> ids, mask = torch.tensor([[3, 5, 0, 0]]), torch.tensor([[True, True, False, False]])
        >>> encoder(ModalityInput(ids, mask, torch.tensor([True]))).tokens.shape
        torch.Size([1, 4, 6])

    Reference:
        Cho et al. (2014), Learning Phrase Representations using RNN Encoder-Decoder, equations 5 to 8.
    """

    def __init__(self, *, vocab_size: int, layers: int, dim: int) -> None:
        super().__init__(dim=dim)
        if dim % 2:
            raise ConfigError(f"encoder.text.dim ({dim}) must be even: half for each direction; choose an even width")
        self.embedding = nn.Embedding(vocab_size, dim)
        self.forwards = nn.GRU(dim, dim // 2, num_layers=layers, batch_first=True)
        self.backwards = nn.GRU(dim, dim // 2, num_layers=layers, batch_first=True)

    def forward(self, modality: ModalityInput) -> Features:
        """Encode token ids."""
        mask_BN = modality.mask
        if mask_BN is None:
            mask_BN = torch.ones_like(modality.values, dtype=torch.bool)
        tokens_BND = read_both_ways(self.forwards, self.backwards, self.embedding(modality.values), mask_BN)
        return Features(tokens_BND, mask_BN, modality.present)
