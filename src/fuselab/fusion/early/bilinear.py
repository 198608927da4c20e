"""Low-rank bilinear pooling: a product in a common space, as MLB or MFB.

Shapes: B samples, D features, K factors, M modalities, R = K · D products.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import check_at_least_one, check_choice, project_present
from fuselab.types import Fused

VARIANTS = ("mlb", "mfb")
# The slope of a square root at 0 has no end: this bounds it by 1000 and changes a product of 0.01 in the fifth digit.
EPS = 1e-6


class Bilinear(PooledFusion):
    r"""Low-rank bilinear pooling, as MLB (products through tanh, mapped) or MFB (sums of products, normalised).

    .. math::
        h_{\mathrm{MLB}} = W \bigodot_m \tanh(U_m f_m + b_m) + b, \qquad
        z = \mathrm{SumPool}_K \bigodot_m (U_m f_m + b_m), \quad
        h_{\mathrm{MFB}} = \frac{\mathrm{sign}(z) \sqrt{|z|}}{\lVert \mathrm{sign}(z) \sqrt{|z|} \rVert}

    The papers have two modalities; more of them are more factors of the same product, which is a full multilinear form
    whose tensor has rank K · dim. A missing modality is a factor of 1; without any, the product is 1. MFB's dropout is
    left out, as all fusions here are compared without.

    Time and memory grow linearly with the modalities and with K.

    Args:
        modalities: names in the order of the factors
        dims: width of each modality's tokens
        dim: width of the representation
        variant: ``mlb`` or ``mfb``
        factors: K, products for each feature of the representation: MLB maps all of them to it, MFB adds up each K

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: an unknown variant, no factor

    Example:
        >>> from fuselab.types import Features
        >>> fusion = Bilinear(
        ...     modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, variant="mfb", factors=5
        ... )
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> [round(norm, 3) for norm in fusion({"image": image, "audio": audio}).embedding.norm(dim=1).tolist()]
        [1.0, 1.0]

    Reference:
        Kim et al. (2017), Hadamard Product for Low-rank Bilinear Pooling, the full model with biases and its
        non-linear activation (section 3); Yu, Yu, Fan, Tao (2017), Multi-modal Factorized Bilinear Pooling with
        Co-Attention Learning for Visual Question Answering, equation 3 with its power and L2 normalisation.
    """

    def __init__(
        self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, variant: str, factors: int
    ) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_choice("fusion.variant", variant, VARIANTS)
        check_at_least_one("fusion.factors", factors)
        self.variant = variant
        self.project = nn.ModuleList(nn.Linear(width, factors * dim) for width in self.dims)
        self.output = nn.Linear(factors * dim, dim) if variant == "mlb" else nn.Identity()

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Multiply the projected features, then map or pool the products."""
        if self.variant == "mlb":
            # The tanh of infinity is the factor of 1.
            squashed_BMR = torch.tanh(project_present(self.project, pooled, present_BM, missing=torch.inf))
            return Fused(embedding=self.output(_product(squashed_BMR)), weights=None)
        product_BR = _product(project_present(self.project, pooled, present_BM, missing=1.0))
        pooled_BD = product_BR.view(len(product_BR), self.dim, -1).sum(2)
        return Fused(embedding=normalize(pooled_BD / torch.sqrt(pooled_BD.abs() + EPS), dim=1), weights=None)


def _product(factors_BMR: Tensor) -> Tensor:
    return reduce(torch.mul, factors_BMR.unbind(1))
