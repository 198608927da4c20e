"""Sum of the modalities' features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import project_present
from fuselab.types import Fused


class Sum(PooledFusion):
    r"""Features in one common space, added up.

    .. math:: h = \sum_m (P_m f_m + b_m)

    A missing modality adds 0, its bias included. With linear maps this is concatenation with a bias for each modality:
    where nothing is missing, both can say the same.

    Time and memory grow linearly with the modalities.

    Args:
        modalities: names in the order of the maps
        dims: width of each modality's tokens
        dim: width of the representation

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Example:
        >>> import torch
        >>> from fuselab.types import Features
        >>> fusion = Sum(modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8)
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Feichtenhofer, Pinz, Zisserman (2016), Convolutional Two-Stream Network Fusion for Video Action Recognition,
        equation 1 (sum fusion), behind a linear map of each modality into the common space.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Add the projected features."""
        return Fused(embedding=project_present(self.project, pooled, present_BM, missing=0.0).sum(1), weights=None)
