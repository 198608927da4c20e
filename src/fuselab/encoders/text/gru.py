"""A bidirectional GRU over word pieces."""

from __future__ import annotations

import torch
from torch import nn

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
        length_B1 = mask_BN.sum(1, keepdim=True)
        step_1N = torch.arange(mask_BN.shape[1], device=mask_BN.device)[None, :]
        # Each text is turned round within its own length: read backwards, it begins with its last word, not with
        # padding. Packed sequences do the same, several times slower on a CPU and not at all under torch.compile.
        turned_BN = torch.where(mask_BN, length_B1 - 1 - step_1N, step_1N)
        embedded_BND = self.embedding(modality.values)
        index_BND = turned_BN[..., None].expand(*turned_BN.shape, self.dim)
        forwards_BND, _ = self.forwards(embedded_BND)
        backwards_BND, _ = self.backwards(embedded_BND.gather(1, index_BND))
        backwards_BND = backwards_BND.gather(1, index_BND[..., : self.dim // 2])
        return Features(torch.cat([forwards_BND, backwards_BND], dim=2), mask_BN, modality.present)
