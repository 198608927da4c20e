"""Low-rank tensor fusion: what tensor fusion computes with weights of low rank, without the tensor.

Shapes: B samples, D features, M modalities, R ranks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import torch
from torch import Tensor, nn

from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import check_at_least_one
from fuselab.types import Fused


class LowRankTensor(PooledFusion):
    r"""Low-rank multimodal fusion (LMF): tensor fusion whose weights are a sum of ``rank`` outer products.

    .. math::
        W = \sum_{r=1}^R \bigotimes_m w_m^{(r)}, \qquad
        h = W \cdot \bigotimes_m \begin{bmatrix} f_m \\ 1 \end{bmatrix} + b =
        \sum_{r=1}^R \bigodot_m \Big(w_m^{(r)} \begin{bmatrix} f_m \\ 1 \end{bmatrix}\Big) + b

    The right side never forms the tensor. A missing modality is f_m = 0: only its appended 1 is left, and with it
    exactly the products in which it takes no part, as in tensor fusion.

    Memory and time grow linearly with the modalities and with the rank.

    Args:
        modalities: names in the order of the factors
        dims: width of each modality's tokens
        dim: width of the representation
        rank: number of outer products

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: no rank

    Example:
        >>> from fuselab.types import Features
        >>> fusion = LowRankTensor(modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, rank=4)
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Liu, Shen, Lakshminarasimhan, Liang, Zadeh, Morency (2018), Efficient Low-rank Multimodal Fusion with
        Modality-Specific Factors, section 3.2: the decomposition of the weights and the parallel form of the product.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, rank: int) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_at_least_one("fusion.rank", rank)
        # The bias of each map is the column of its appended 1.
        self.factor = nn.ModuleList(nn.Linear(width, rank * dim) for width in self.dims)
        self.bias_D = nn.Parameter(torch.zeros(dim))

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Multiply the modalities' factors and add up the ranks."""
        factors = [factor(one) for factor, one in zip(self.factor, pooled, strict=True)]
        product_BRD = reduce(torch.mul, factors).view(len(factors[0]), -1, self.dim)
        return Fused(embedding=product_BRD.sum(1) + self.bias_D, weights=None)
