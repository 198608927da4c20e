"""Element-wise product of the modalities' features.

Shapes: B samples, D features, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import torch
from torch import Tensor, nn

from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import project_present
from fuselab.types import Fused


class Product(PooledFusion):
    r"""Features in one common space, multiplied element by element (Hadamard product).

    .. math:: h = \bigodot_m (P_m f_m + b_m)

    A missing modality is a factor of 1; without any modality the product is 1.

    Time and memory grow linearly with the modalities; the numbers shrink or grow exponentially.

    Args:
        modalities: names in the order of the maps
        dims: width of each modality's tokens
        dim: width of the representation

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Example:
        >>> from fuselab.types import Features
        >>> fusion = Product(modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8)
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.tensor([True, False]))
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding[1].tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]

    Reference:
        Antol et al. (2015), VQA: Visual Question Answering, the point-wise product of image and question in the
        "deeper LSTM Q + norm I" model, for any number of modalities and without its tanh, which is part of
        fusion=early/bilinear.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Multiply the projected features."""
        factors_BMD = project_present(self.project, pooled, present_BM, missing=1.0)
        return Fused(embedding=reduce(torch.mul, factors_BMD.unbind(1)), weights=None)
