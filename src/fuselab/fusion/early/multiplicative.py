"""Multiplicative interactions: each pair of modalities through a matrix, a vector or a scalar that depends on one.

Shapes: B samples, D features, I features before the interaction, J modalities before another, M modalities, P pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import torch
from torch import Tensor, nn

from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import check_at_least_one, check_choice
from fuselab.types import Fused

FORMS = ("matrix", "vector", "scalar")


class Multiplicative(PooledFusion):
    r"""Multiplicative interactions (MI) of all pairs of modalities beside what each says alone.

    .. math::
        x_m = P_m f_m, \qquad h = \sum_{i<j} \mathrm{MI}_{ij}(x_i, x_j) + \sum_m V_m f_m + b, \qquad
        \mathrm{MI}_{ij}(x_i, x_j) = x_j^\top \mathbb{W}_{ij}\, x_i

    That is the form ``matrix``: a tensor makes of x_j a matrix that is applied to x_i. The paper's cheaper forms let
    x_j make less: a diagonal matrix (``vector``), :math:`(W_{ij} x_j) \odot x_i`, or one factor (``scalar``),
    :math:`(w_{ij}^\top x_j)\,x_i`. In these two the later modality scales the earlier one.

    The paper has two modalities, and with two this is its equation. More of them meet in pairs. A missing modality is
    0: its pairs and its linear term vanish, and what is left is the same equation for the others.

    Memory and time grow with the square of the number of modalities. The form ``matrix`` needs rank² · dim weights for
    each pair, so x_m has ``rank`` features; the other two scale features of the representation, so x_m has ``dim``.

    Args:
        modalities: names in the order of the pairs
        dims: width of each modality's tokens
        dim: width of the representation
        form: ``matrix``, ``vector`` or ``scalar``
        rank: width of each modality before its interactions in the form ``matrix``

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: an unknown form, no rank

    Example:
        >>> from fuselab.types import Features
        >>> fusion = Multiplicative(
        ...     modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, form="matrix", rank=4
        ... )
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Jayakumar et al. (2020), Multiplicative Interactions and Where to Find Them, equation 1 and the diagonal and
        scalar forms of its section on gating and scaling.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, form: str, rank: int) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_choice("fusion.form", form, FORMS)
        check_at_least_one("fusion.rank", rank)
        self.form = form
        self.pairs = list(combinations(range(len(self.dims)), 2))
        # Without a pair nothing interacts, and parameters that nothing reads make DDP fail.
        interacting = self.dims if self.pairs else ()
        width = rank if form == "matrix" else dim
        # No biases: a modality that is missing stays 0.
        self.project = nn.ModuleList(nn.Linear(own, width, bias=False) for own in interacting)
        if form == "matrix":
            outputs = [(len(self.pairs) * rank**2, dim)] if self.pairs else []
        else:
            outputs = [(dim, earlier * (dim if form == "vector" else 1)) for earlier in range(1, len(self.dims))]
        self.interact = nn.ModuleList(nn.Linear(*sizes, bias=False) for sizes in outputs)
        self.linear = nn.Linear(sum(self.dims), dim)

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Add the interactions of all pairs to what each modality says alone."""
        embedding_BD = self.linear(torch.cat(pooled, dim=1))
        if self.pairs:
            projected_BMI = torch.stack(
                [project(one) for project, one in zip(self.project, pooled, strict=True)], dim=1
            )
            interactions_BD = self._through_matrices if self.form == "matrix" else self._through_scales
            embedding_BD = embedding_BD + interactions_BD(projected_BMI)
        return Fused(embedding=embedding_BD, weights=None)

    def _through_matrices(self, projected_BMI: Tensor) -> Tensor:
        earlier, later = (list(side) for side in zip(*self.pairs, strict=True))
        outer_BPII = projected_BMI[:, later, :, None] * projected_BMI[:, earlier, None, :]
        interactions_BD: Tensor = self.interact[0](outer_BPII.flatten(1))
        return interactions_BD

    def _through_scales(self, projected_BMI: Tensor) -> Tensor:
        interactions_BD = torch.zeros_like(projected_BMI[:, 0])
        for later, interact in enumerate(self.interact, start=1):
            scale_BJI = interact(projected_BMI[:, later]).view(len(projected_BMI), later, -1)
            interactions_BD = interactions_BD + (scale_BJI * projected_BMI[:, :later]).sum(1)
        return interactions_BD
