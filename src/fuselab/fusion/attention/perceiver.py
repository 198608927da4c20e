"""A few learned latents read the tokens of all modalities.

Shapes: B samples, N tokens of all modalities together, K latents, D features, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from fuselab.fusion.attention.layers import INITIAL_SCALE, TransformerLayer, check_sizes
from fuselab.fusion.base import TokenFusion
from fuselab.fusion.functional import check_at_least_one
from fuselab.types import Features, Fused


class Perceiver(TokenFusion):
    r"""Latents attend to all tokens, then to one another, layer by layer; their mean is the embedding.

    .. math::
        X = [P_1 f_1 + e_1; \dots; P_M f_M + e_M], \qquad Y^l = \mathrm{Cross}^l(Z^l, X), \qquad
        Z^{l+1} = \mathrm{Self}^l(Y^l), \qquad h = \mathrm{LN}\Big(\frac{1}{K} \sum_k Z^L_k\Big)

    Z⁰ are learned, and e_m says of which modality a token is; where it stands in its sequence is the encoder's
    business. Cross and Self are one attention and one feed-forward network each, behind norms and beside residuals.
    The layers share no weights (the paper may share them). Padding and missing modalities are masked as keys; where a
    sample has no token at all, the latents have one another. When they read for the first time, what they ask is the
    same for every sample; from the second time on it depends on what they have read.

    Learns late: what four times the epochs change stands in fusion/README.md.

    Time and memory of the attention grow with K (N + K), that is linearly with the tokens and the modalities.

    Args:
        modalities: names in the order of the modality embeddings
        dims: width of each modality's tokens
        dim: width of the representation
        layers: number of times that the latents read the tokens
        latents: number of latents
        heads: attention heads of each layer
        expansion: width of the feed-forward layers as a multiple of ``dim``
        dropout: share that is dropped in each residual branch in training

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: no layer, no latent, ``heads`` does not divide ``dim``, ``expansion`` or ``dropout`` out of range

    Example:
        >>> fusion = Perceiver(
        ...     modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, layers=1, latents=3, heads=2,
        ...     expansion=2, dropout=0.1,
        ... )
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Jaegle et al. (2021), Perceiver: General Perception with Iterative Attention, section 3 (cross-attention,
        latent transformer and the mean over the latents; the paper numbers no equation for them).
    """

    def __init__(
        self,
        *,
        modalities: Sequence[str],
        dims: Mapping[str, int],
        dim: int,
        layers: int,
        latents: int,
        heads: int,
        expansion: int,
        dropout: float,
    ) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_sizes(dim=dim, heads=heads, expansion=expansion, dropout=dropout)
        check_at_least_one("fusion.layers", layers)
        check_at_least_one("fusion.latents", latents)
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)
        self.modality_MD = nn.Parameter(INITIAL_SCALE * torch.randn(len(self.dims), dim))
        self.latents_KD = nn.Parameter(INITIAL_SCALE * torch.randn(latents, dim))
        self.cross, self.own = (
            nn.ModuleList(
                TransformerLayer(dim=dim, heads=heads, expansion=expansion, dropout=dropout) for _ in range(layers)
            )
            for _ in range(2)
        )
        self.norm = nn.LayerNorm(dim)

    def fuse(self, features: list[Features]) -> Fused:
        """Let the latents read all tokens and average them."""
        tokens_BND = torch.cat(
            [
                project(one.tokens) + embedding_D
                for project, one, embedding_D in zip(self.project, features, self.modality_MD, strict=True)
            ],
            dim=1,
        )
        mask_BN = torch.cat([one.mask for one in features], dim=1)
        latents_BKD = self.latents_KD.expand(len(mask_BN), -1, -1)
        all_BK = torch.ones_like(latents_BKD[..., 0], dtype=torch.bool)
        for cross, own in zip(self.cross, self.own, strict=True):
            latents_BKD = cross(latents_BKD, tokens_BND, mask_BN)
            latents_BKD = own(latents_BKD, latents_BKD, all_BK)
        return Fused(embedding=self.norm(latents_BKD.mean(1)), weights=None)
