"""What attention fusions are built of.

Written out instead of ``nn.TransformerEncoderLayer``: in evaluation that layer calls one fused kernel, in which
PyTorch's FLOP counter sees nothing, so the measured cost of a method would be zero; and it computes all tokens where a
method reads only one.

Shapes: B samples, N target tokens, S source tokens, D features, H heads, K features per head.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from fuselab.errors import ConfigError

INITIAL_SCALE = 0.02  # as BERT and ViT initialise embeddings


def attend(query_BND: Tensor, key_BSD: Tensor, value_BSD: Tensor, mask_BS: Tensor, *, heads: int) -> Tensor:
    r"""Let tokens read other tokens with several heads, where some or all of the others may be missing.

    .. math:: \mathrm{softmax}\!\left(Q K^\top / \sqrt{d}\right) V

    The attention weights know no dropout: it would leave the fused kernel and take 3 to 5 times as long on a CPU.

    Args:
        query_BND: what each target token asks for
        key_BSD: what each source token answers to
        value_BSD: what it answers
        mask_BS: where the source is real
        heads: number of heads

    Shape:
        - query_BND: (B, N, D)
        - key_BSD, value_BSD: (B, S, D)
        - mask_BS: (B, S), bool
        - output: (B, N, D), exactly zero where a sample has no real source token

    Example:
        >>> import torch
        >>> mask = torch.tensor([[True, True, False], [False, False, False]])
        >>> tokens = torch.randn(2, 3, 8)
        >>> attend(torch.randn(2, 4, 8), tokens, tokens, mask, heads=2)[1].abs().max().item()
        0.0

    Reference:
        Vaswani et al. (2017), Attention Is All You Need, equation 1.
    """
    some_B1 = mask_BS.any(1, keepdim=True)
    query_BHNK, key_BHSK, value_BHSK = (
        one.view(*one.shape[:2], heads, -1).transpose(1, 2) for one in (query_BND, key_BSD, value_BSD)
    )
    # Kernels disagree on a row without any key (zeros, NaN, NaN gradients): let it see all, then drop the result.
    mask_B11S = (mask_BS | ~some_B1)[:, None, None, :]
    mixed_BHNK = scaled_dot_product_attention(query_BHNK, key_BHSK, value_BHSK, attn_mask=mask_B11S)
    return mixed_BHNK.transpose(1, 2).flatten(2) * some_B1[..., None]


def feed_forward(*, dim: int, expansion: int) -> nn.Sequential:
    """Return the pre-norm two-layer network that follows an attention; the caller adds its residual.

    Args:
        dim: width of the tokens
        expansion: width of the hidden layer as a multiple of ``dim``

    Example:
        >>> import torch
        >>> feed_forward(dim=8, expansion=2)(torch.randn(2, 3, 8)).shape
        torch.Size([2, 3, 8])
    """
    return nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, expansion * dim), nn.GELU(), nn.Linear(expansion * dim, dim))


class TransformerLayer(nn.Module):
    r"""Attention of some tokens to others and a feed-forward network, each behind a norm and beside a residual.

    .. math:: Y = X + \mathrm{MultiHead}(\mathrm{LN}(X), \mathrm{LN}(S)), \qquad Y + \mathrm{FF}(Y)

    With X as its own source S it is a layer of a transformer. One norm serves both: what a second one could scale and
    shift, the maps to queries, keys and values can.

    Args:
        dim: width of the tokens
        heads: attention heads
        expansion: width of the feed-forward layer as a multiple of ``dim``
        dropout: share that is dropped in each residual branch in training

    Shape:
        - target_BND: (B, N, D), the tokens that read and are given back changed
        - source_BSD: (B, S, D), the tokens that are read; pass ``target_BND`` itself for self-attention
        - mask_BS: (B, S), True where a source token is real
        - output: (B, N, D)

    Example:
        >>> import torch
        >>> layer = TransformerLayer(dim=8, heads=2, expansion=2, dropout=0.0)
        >>> tokens, mask = torch.randn(2, 3, 8), torch.ones(2, 3).bool()
        >>> layer(tokens[:, :1], tokens, mask).shape
        torch.Size([2, 1, 8])

    Reference:
        Xiong et al. (2020), On Layer Normalization in the Transformer Architecture, the pre-LN layer of table 1.
    """

    def __init__(self, *, dim: int, heads: int, expansion: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.mix = nn.Linear(dim, dim)
        self.dropout = nn.Dropout(dropout)
        self.feed_forward = feed_forward(dim=dim, expansion=expansion)

    def forward(self, target_BND: Tensor, source_BSD: Tensor, mask_BS: Tensor) -> Tensor:
        """Let the target tokens read the source tokens, and think about it."""
        asking_BND = self.norm(target_BND)
        answering_BSD = asking_BND if source_BSD is target_BND else self.norm(source_BSD)
        read_BND = attend(
            self.query(asking_BND), self.key(answering_BSD), self.value(answering_BSD), mask_BS, heads=self.heads
        )
        target_BND = target_BND + self.dropout(self.mix(read_BND))
        changed_BND: Tensor = target_BND + self.dropout(self.feed_forward(target_BND))
        return changed_BND


def check_sizes(*, dim: int, heads: int, expansion: int, dropout: float, name: str = "dim") -> None:
    """Refuse numbers that make no attention network, in the words of the config.

    Args:
        dim: width of the tokens
        heads: attention heads, which share the width equally
        expansion: width of the hidden layer as a multiple of ``dim``
        dropout: share that is dropped in training
        name: what the config calls the width

    Raises:
        ConfigError: one of them is out of range

    Example:
        >>> check_sizes(dim=64, heads=4, expansion=2, dropout=0.1)
    """
    if heads < 1 or dim % heads:
        raise ConfigError(f"fusion.heads ({heads}) must divide fusion.{name} ({dim}); choose a number that divides it")
    if expansion < 1:
        raise ConfigError(f"fusion.expansion ({expansion}) must be at least 1; choose a multiple of {name} such as 2")
    check_share(dropout=dropout)


def check_share(*, dropout: float) -> None:
    """Refuse a share that leaves nothing, in the words of the config.

    Args:
        dropout: share that is dropped in training

    Raises:
        ConfigError: it is out of range

    Example:
        >>> check_share(dropout=0.1)
    """
    if not 0 <= dropout < 1:
        raise ConfigError(f"fusion.dropout ({dropout}) must be at least 0 and below 1; choose a share such as 0.1")
