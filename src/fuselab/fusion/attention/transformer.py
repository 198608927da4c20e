"""One transformer over the tokens of all modalities.

Shapes: B samples, N tokens, D features, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from fuselab.fusion.attention.layers import INITIAL_SCALE, TransformerLayer, check_sizes
from fuselab.fusion.base import TokenFusion
from fuselab.fusion.functional import check_at_least_one
from fuselab.types import Features, Fused


class TransformerFusion(TokenFusion):
    r"""One pre-norm encoder over all tokens of all modalities; its CLS token is the embedding.

    .. math::
        X^0 = [c; P_1 f_1 + e_1; \dots; P_M f_M + e_M], \qquad
        Y^l = X^l + \mathrm{MultiHead}(\mathrm{LN}(X^l)), \qquad
        X^{l+1} = Y^l + \mathrm{FF}(Y^l), \qquad h = \mathrm{LN}(X^L_0)

    c is the CLS token and e_m says of which modality a token is. Where a token stands in its sequence is the encoder's
    business. Padding and missing modalities are masked as keys; of the last layer only the CLS token is computed, since
    nothing else of it is read.

    Learns late: what four times the epochs change stands in fusion/README.md.

    It takes two layers for modalities to interact by attention: in the first, what the CLS token asks is the same for
    every sample, and no token that it reads has read another. Time and memory of the attention grow with the square of
    all tokens.

    Args:
        modalities: names in the order of the modality embeddings
        dims: width of each modality's tokens
        dim: width of the representation
        layers: number of layers; one alone is pooling with learned weights
        heads: attention heads of each layer
        expansion: width of the feed-forward layers as a multiple of ``dim``
        dropout: share that is dropped in each residual branch in training

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: no layer, ``heads`` does not divide ``dim``, ``expansion`` or ``dropout`` out of range

    Example:
        >>> fusion = TransformerFusion(
        ...     modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, layers=1, heads=2, expansion=2,
        ...     dropout=0.1,
        ... )
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Nagrani et al. (2021), Attention Bottlenecks for Multimodal Fusion, "fusion via vanilla self-attention"; the
        norm stands first as in Xiong et al. (2020), On Layer Normalization in the Transformer Architecture.
    """

    def __init__(
        self,
        *,
        modalities: Sequence[str],
        dims: Mapping[str, int],
        dim: int,
        layers: int,
        heads: int,
        expansion: int,
        dropout: float,
    ) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_sizes(dim=dim, heads=heads, expansion=expansion, dropout=dropout)
        check_at_least_one("fusion.layers", layers)
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)
        self.modality_MD = nn.Parameter(INITIAL_SCALE * torch.randn(len(self.dims), dim))
        self.cls_D = nn.Parameter(INITIAL_SCALE * torch.randn(dim))
        self.layers = nn.ModuleList(
            TransformerLayer(dim=dim, heads=heads, expansion=expansion, dropout=dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(dim)

    def fuse(self, features: list[Features]) -> Fused:
        """Encode all tokens together and read the CLS token."""
        tokens = [
            project(one.tokens) + embedding_D
            for project, one, embedding_D in zip(self.project, features, self.modality_MD, strict=True)
        ]
        present_B = features[0].present
        cls_B1D = self.cls_D.expand(len(present_B), 1, -1)
        tokens_BND = torch.cat([cls_B1D, *tokens], dim=1)
        mask_BN = torch.cat([torch.ones_like(present_B)[:, None], *(one.mask for one in features)], dim=1)
        for layer in self.layers[:-1]:
            tokens_BND = layer(tokens_BND, tokens_BND, mask_BN)
        cls_B1D = self.layers[-1](tokens_BND[:, :1], tokens_BND, mask_BN)
        return Fused(embedding=self.norm(cls_B1D[:, 0]), weights=None)
