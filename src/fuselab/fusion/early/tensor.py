"""Tensor fusion: the outer product of all modalities.

Shapes: B samples, D features, E elements of the outer product, R features of a modality in it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import check_at_least_one, project_present
from fuselab.types import Fused


class TensorFusion(PooledFusion):
    r"""Tensor fusion network (TFN): the outer product of all modalities, each with a 1 appended, then a linear map.

    .. math::
        z_m = P_m f_m + b_m, \qquad Z = \begin{bmatrix} z_1 \\ 1 \end{bmatrix} \otimes \dots \otimes
        \begin{bmatrix} z_M \\ 1 \end{bmatrix}, \qquad h = W\,\mathrm{vec}(Z) + b

    The appended 1 keeps all products of fewer modalities in Z: features of one, products of two, and so on. A missing
    modality is z_m = 0, so only its 1 is left, and with it exactly the products in which it takes no part.

    Z has (rank + 1)^M elements for each sample, and W dim times as many for all: memory and time grow exponentially
    with the modalities. So each of them is first mapped to ``rank`` features, as the paper's embedding subnetworks do,
    here linearly; and more weights than ``warn_above`` are announced before they are allocated.

    Args:
        modalities: names in the order of the product
        dims: width of each modality's tokens
        dim: width of the representation
        rank: width of each modality in the outer product
        warn_above: number of weights from which on a warning says what this will cost

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: no rank
        UserWarning: more weights than ``warn_above``

    Example:
        >>> from fuselab.types import Features
        >>> fusion = TensorFusion(
        ...     modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, rank=3, warn_above=1000
        ... )
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding.shape, fusion.output.weight.shape
        (torch.Size([2, 8]), torch.Size([8, 16]))

    Reference:
        Zadeh, Chen, Poria, Cambria, Morency (2017), Tensor Fusion Network for Multimodal Sentiment Analysis, section
        4.2 (tensor fusion layer), for any number of modalities.
    """

    def __init__(
        self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, rank: int, warn_above: int
    ) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_at_least_one("fusion.rank", rank)
        elements = (rank + 1) ** len(self.dims)
        if elements * dim > warn_above:
            warnings.warn(
                f"fusion.rank ({rank}) must be lower to stay within fusion.warn_above ({warn_above:,}): the outer "
                f"product of {len(self.dims)} modalities has {elements:,} elements for each sample, and "
                f"{elements * dim:,} weights; lower it, or choose fusion=early/low_rank_tensor, which grows linearly",
                stacklevel=2,
            )
        self.project = nn.ModuleList(nn.Linear(width, rank) for width in self.dims)
        self.output = nn.Linear(elements, dim)

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Multiply everything with everything and map the products."""
        projected_BMR = project_present(self.project, pooled, present_BM, missing=0.0)
        one_BM1 = torch.ones_like(projected_BMR[..., :1])
        first_BR, *others = torch.cat([projected_BMR, one_BM1], dim=2).unbind(1)
        outer_BE = first_BR
        for factor_BR in others:
            outer_BE = (outer_BE[:, :, None] * factor_BR[:, None, :]).flatten(1)
        return Fused(embedding=self.output(outer_BE), weights=None)
