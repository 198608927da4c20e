"""Sum of the modalities' features with learned weights.

Shapes: B samples, D features, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from fuselab.fusion.functional import softmax_over_present, stack_presence
from fuselab.types import FeatureFusion, Features, Fused


class WeightedSum(FeatureFusion):
    r"""Features in one common space, added up with one learned weight per modality.

    .. math:: h = \sum_m w_m\,(P_m f_m + b_m), \qquad w = \mathrm{softmax}(s)\ \text{over the present modalities}

    The scores s start at zero, so training starts from the mean.

    Args:
        modalities: names in the order of the weights
        dims: width of each modality's tokens
        dim: width of the representation

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), weights (B, M)

    Example:
        >>> fusion = WeightedSum(modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8)
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).weights.tolist()
        [[0.5, 0.5], [1.0, 0.0]]

    Reference:
        Peters et al. (2018), Deep Contextualized Word Representations, equation 1: a sum with softmax-normalised
        scalar weights, here over modalities. The maps into a common space follow Kiela, Wang, Cho (2018), Dynamic
        Meta-Embeddings for Improved Sentence Representations.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)
        self.score_M = nn.Parameter(torch.zeros(len(self.modalities)))

    def fuse(self, features: list[Features]) -> Fused:
        """Add the projected features with the weights of the present modalities."""
        projected_BMD = torch.stack(
            [project(one.pooled()) for project, one in zip(self.project, features, strict=True)], dim=1
        )
        weights_BM = softmax_over_present(self.score_M, stack_presence(features))
        embedding_BD = (weights_BM[..., None].to(projected_BMD.dtype) * projected_BMD).sum(1)
        return Fused(embedding=embedding_BD, weights=weights_BM)
