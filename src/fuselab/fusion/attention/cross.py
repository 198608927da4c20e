"""Pairwise cross-modal attention.

Shapes: B samples, N tokens, D features, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.attention.layers import attend, check_sizes, feed_forward
from fuselab.fusion.base import TokenFusion
from fuselab.masking import means
from fuselab.types import Features, Fused


class CrossAttention(TokenFusion):
    r"""Every modality reads every other one, token by token.

    .. math::
        x_i = P_i f_i, \qquad (Q_i, K_i, V_i) = \mathrm{LN}_i(x_i)\,(W_{Qi}, W_{Ki}, W_{Vi}), \qquad
        y_i = x_i + \Big(\sum_{j \ne i} \mathrm{softmax}(Q_i K_j^\top / \sqrt{d})\,V_j\Big) W_{Oi}, \qquad
        h = W\,[\overline{y_1 + \mathrm{FF}_1(y_1)}; \dots; \overline{y_M + \mathrm{FF}_M(y_M)}] + b

    The bar is the mean over a modality's real tokens, zeros where it is missing. A missing source adds nothing; with
    one modality there is no pair, and its own tokens are what is left.

    A modality asks and answers with one set of queries, keys and values for all its partners, and has one feed-forward
    network, where the paper has a stack of its own for each pair (``mult``): only the attention itself grows with the
    square of the number of modalities.

    Args:
        modalities: names in the order of the pairs
        dims: width of each modality's tokens
        dim: width of the representation
        heads: attention heads
        expansion: width of the feed-forward layer as a multiple of ``dim``
        dropout: share of the pooled features that is dropped in training

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: ``heads`` does not divide ``dim``, ``expansion`` or ``dropout`` out of range

    Example:
        >>> fusion = CrossAttention(
        ...     modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, heads=2, expansion=2, dropout=0.1
        ... )
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Tsai et al. (2019), Multimodal Transformer for Unaligned Multimodal Language Sequences, the crossmodal attention
        CM of section 3.1.
    """

    def __init__(
        self,
        *,
        modalities: Sequence[str],
        dims: Mapping[str, int],
        dim: int,
        heads: int,
        expansion: int,
        dropout: float,
    ) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_sizes(dim=dim, heads=heads, expansion=expansion, dropout=dropout)
        self.heads = heads
        everyone = range(len(self.dims))
        self.pairs = [(target, source) for target in everyone for source in everyone if target != source]
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)
        # Without a pair nothing attends, and parameters that nothing reads make DDP fail.
        attending = self.dims if self.pairs else ()
        self.norm = nn.ModuleList(nn.LayerNorm(dim) for _ in attending)
        self.query = nn.ModuleList(nn.Linear(dim, dim) for _ in attending)
        self.key = nn.ModuleList(nn.Linear(dim, dim) for _ in attending)
        self.value = nn.ModuleList(nn.Linear(dim, dim) for _ in attending)
        # No bias: a source that is missing adds nothing at all.
        self.mix = nn.ModuleList(nn.Linear(dim, dim, bias=False) for _ in attending)
        self.feed_forward = nn.ModuleList(feed_forward(dim=dim, expansion=expansion) for _ in self.dims)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(len(self.dims) * dim, dim)

    def fuse(self, features: list[Features]) -> Fused:
        """Let each modality attend to all others, pool each, concatenate, project."""
        tokens = [project(one.tokens) for project, one in zip(self.project, features, strict=True)]
        if self.pairs:
            tokens = self._exchange(tokens, features)
        tokens = [one + network(one) for one, network in zip(tokens, self.feed_forward, strict=True)]
        pooled = means(tokens, [one.mask for one in features])
        return Fused(embedding=self.output(self.dropout(torch.cat(pooled, dim=1))), weights=None)

    def _exchange(self, tokens: list[Tensor], features: list[Features]) -> list[Tensor]:
        normed = [norm(one) for norm, one in zip(self.norm, tokens, strict=True)]
        queries, keys, values = (
            [linear(one) for linear, one in zip(linears, normed, strict=True)]
            for linears in (self.query, self.key, self.value)
        )
        received: list[Tensor | float] = [0.0] * len(tokens)
        for target, source in self.pairs:
            received[target] = received[target] + attend(
                queries[target], keys[source], values[source], features[source].mask, heads=self.heads
            )
        return [one + mix(all_sources) for one, mix, all_sources in zip(tokens, self.mix, received, strict=True)]
