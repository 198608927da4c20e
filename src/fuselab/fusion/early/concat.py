"""Concatenation of the modalities' features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.base import PooledFusion
from fuselab.types import Fused


class Concat(PooledFusion):
    r"""Pooled features of all modalities side by side, then one linear map.

    .. math:: h = W\,[f_1; \dots; f_M] + b

    A missing modality stands as zeros in its place. The non-linearity is the head's business.

    Args:
        modalities: names in the order of concatenation
        dims: width of each modality's tokens
        dim: width of the representation

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Example:
        >>> from fuselab.types import Features
        >>> fusion = Concat(modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8)
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Baltrušaitis, Ahuja, Morency (2019), Multimodal Machine Learning: A Survey and Taxonomy, equation 1 (joint
        representation), with concatenation as the joint function.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        self.project = nn.Linear(sum(self.dims), dim)

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Concatenate the pooled features and project them."""
        return Fused(embedding=self.project(torch.cat(pooled, dim=1)), weights=None)
