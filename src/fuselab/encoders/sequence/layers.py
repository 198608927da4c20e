"""What attention over sequences of vectors is built of.

Written out instead of ``nn.TransformerEncoderLayer``: in evaluation that layer calls one fused kernel, in which
PyTorch's FLOP counter sees nothing.

Shapes: B samples, N reading tokens, T steps, D features, H heads, K features per head.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from fuselab.encoders.sizes import check_share
from fuselab.errors import ConfigError

LONGEST_WAVE = 10_000.0


class Layer(nn.Module):
    """Attention and a feed-forward network, each behind a norm and beside a residual.

    Args:
        dim: width of the tokens, which the heads share equally
        heads: attention heads
        feedforward: width of the hidden layer
        dropout: of each residual branch

    Shape:
        - reading_BND: (B, N, D), changed
        - read_BTD: (B, T, D); ``reading_BND`` itself for self-attention
        - mask_BT: (B, T), where a step may be read; a sample without such a step reads zeros
        - output: (B, N, D)

    Raises:
        ConfigError: heads that don't divide the width, or a share that is none

    Example:
        >>> layer = Layer(dim=4, heads=2, feedforward=8, dropout=0.0)
        >>> steps = torch.zeros(1, 3, 4)
        >>> layer(steps[:, :1], steps, torch.ones(1, 3).bool()).shape
        torch.Size([1, 1, 4])

    Reference:
        Xiong et al. (2020), On Layer Normalization in the Transformer Architecture, the pre-LN layer of table 1.
    """

    def __init__(self, *, dim: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        if heads < 1 or dim % heads:
            raise ConfigError(f"encoder.*.heads ({heads}) must divide encoder.*.dim ({dim}); choose one that does")
        check_share(dropout=dropout)
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.query, self.key, self.value, self.mix = (nn.Linear(dim, dim) for _ in range(4))
        self.dropout = nn.Dropout(dropout)
        self.think = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, feedforward), nn.GELU(), nn.Linear(feedforward, dim)
        )

    def forward(self, reading_BND: Tensor, read_BTD: Tensor, mask_BT: Tensor) -> Tensor:
        """Let tokens read steps."""
        asking_BND, answering_BTD = self.norm(reading_BND), self.norm(read_BTD)
        query_BHNK, key_BHTK, value_BHTK = (
            one.view(*one.shape[:2], self.heads, -1).transpose(1, 2)
            for one in (self.query(asking_BND), self.key(answering_BTD), self.value(answering_BTD))
        )
        # Kernels disagree on a row without any key (zeros, NaN, NaN gradients): let it see all, then drop the result.
        some_B1 = mask_BT.any(1, keepdim=True)
        seen_B11T = (mask_BT | ~some_B1)[:, None, None, :]
        mixed_BHNK = scaled_dot_product_attention(query_BHNK, key_BHTK, value_BHTK, attn_mask=seen_B11T)
        mixed_BND = mixed_BHNK.transpose(1, 2).flatten(2) * some_B1[..., None]
        reading_BND = reading_BND + self.dropout(self.mix(mixed_BND))
        changed_BND: Tensor = reading_BND + self.dropout(self.think(reading_BND))
        return changed_BND


def waves(place: Tensor, dim: int) -> Tensor:
    r"""Return sines and cosines of places, which may be negative: any length, no parameter.

    .. math:: \sin(p / 10000^{2i/D}), \; \cos(p / 10000^{2i/D})

    Args:
        place: of each step
        dim: an even number

    Shape:
        - place: (…)
        - output: (…, dim)

    Raises:
        ConfigError: an odd width

    Example:
        >>> waves(torch.tensor([0.0]), 4)
        tensor([[0., 0., 1., 1.]])

    Reference:
        Vaswani et al. (2017), Attention Is All You Need, section 3.5.
    """
    if dim % 2:
        raise ConfigError(f"encoder.*.dim ({dim}) must be even: sines and cosines; choose an even width")
    power = torch.arange(0, dim, 2, device=place.device, dtype=torch.float32) / dim
    angle = place.float()[..., None] / LONGEST_WAVE**power
    return torch.cat([angle.sin(), angle.cos()], dim=-1)
