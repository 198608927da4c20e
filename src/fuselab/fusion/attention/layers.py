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


def check_sizes(*, dim: int, heads: int, expansion: int, dropout: float) -> None:
    """Refuse numbers that make no attention network, in the words of the config.

    Args:
        dim: width of the tokens
        heads: attention heads, which share the width equally
        expansion: width of the hidden layer as a multiple of ``dim``
        dropout: share that is dropped in training

    Raises:
        ConfigError: one of them is out of range

    Example:
        >>> check_sizes(dim=64, heads=4, expansion=2, dropout=0.1)
    """
    if heads < 1 or dim % heads:
        raise ConfigError(f"fusion.heads ({heads}) must divide fusion.dim ({dim}); choose a number that divides it")
    if expansion < 1:
        raise ConfigError(f"fusion.expansion ({expansion}) must be at least 1; choose a multiple of dim such as 2")
    if not 0 <= dropout < 1:
        raise ConfigError(f"fusion.dropout ({dropout}) must be at least 0 and below 1; choose a share such as 0.1")
