"""Sum of the modalities' features with learned weights.

Shapes: B samples, D features, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import (
    at_least_float32,
    check_choice,
    project_present,
    softmax_over_present,
)
from fuselab.types import Fused

WEIGHTINGS = ("softmax", "scalar")


class WeightedSum(PooledFusion):
    r"""Features in one common space, added up with one learned weight per modality.

    .. math:: h = \sum_{m \in P} w_m\,(P_m f_m + b_m), \qquad w = \mathrm{softmax}(s) \quad\text{or}\quad w = s

    P are the present modalities: a missing one adds 0, and the softmax is over the others alone. The scores s start at
    0 for the softmax, so training starts from the mean, and at 1 as free scalars, so it starts from the sum.

    Time and memory grow linearly with the modalities.

    Args:
        modalities: names in the order of the weights
        dims: width of each modality's tokens
        dim: width of the representation
        weighting: ``softmax``: weights above 0 that sum to 1; ``scalar``: any numbers

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), weights (B, M): of free scalars, the sizes as shares of one

    Raises:
        ConfigError: an unknown weighting

    Example:
        >>> from fuselab.types import Features
        >>> fusion = WeightedSum(
        ...     modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, weighting="softmax"
        ... )
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).weights.tolist()
        [[0.5, 0.5], [1.0, 0.0]]

    Reference:
        Peters et al. (2018), Deep Contextualized Word Representations, equation 1: a sum with softmax-normalised
        scalar weights, here over modalities. The maps into a common space follow Kiela, Wang, Cho (2018), Dynamic
        Meta-Embeddings for Improved Sentence Representations.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, weighting: str) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_choice("fusion.weighting", weighting, WEIGHTINGS)
        self.weighting = weighting
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)
        self.score_M = nn.Parameter(torch.full((len(self.modalities),), 0.0 if weighting == "softmax" else 1.0))

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Add the projected features with the weights of the present modalities."""
        projected_BMD = project_present(self.project, pooled, present_BM, missing=0.0)
        if self.weighting == "softmax":
            shares_BM = softmax_over_present(self.score_M, present_BM)
            weight_BM1 = shares_BM[..., None].to(projected_BMD.dtype)
        else:
            shares_BM = _shares(self.score_M, present_BM)
            weight_BM1 = self.score_M[:, None].to(projected_BMD.dtype)
        return Fused(embedding=(weight_BM1 * projected_BMD).sum(1), weights=shares_BM)


def _shares(scalar_M: Tensor, present_BM: Tensor) -> Tensor:
    size_BM = at_least_float32(scalar_M).abs() * present_BM
    # A sample without modalities has no weight at all: its shares are zeros, not 0 / 0.
    return size_BM / size_BM.sum(1, keepdim=True).clamp(min=torch.finfo(size_BM.dtype).tiny)
