"""Element-wise maximum of the modalities' features.

Shapes: B samples, D features, M modalities, U units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import check_at_least_one, project_present
from fuselab.types import Fused


class Max(PooledFusion):
    r"""The largest of the modalities' features, unit by unit, then one linear map.

    .. math:: h = W \max_m (P_m f_m + b_m) + b

    A missing modality takes no part in the maximum, as if its features were minus infinity; without any modality the
    maximum is 0.

    A modality learns only where it wins, and one that wins in no unit of a sample learns nothing from that sample. So
    the modalities are compared in a space whose width does not shrink with ``dim``: of 64 units, 6 modalities that win
    equally often all win one or more, but for one sample in 20,000.

    Time and memory grow linearly with the modalities.

    Args:
        modalities: names in the order of the maps
        dims: width of each modality's tokens
        dim: width of the representation
        units: width of the space in which the modalities are compared

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), weights (B, M): share of the units that each modality wins, 0 if it wins none

    Raises:
        ConfigError: no unit

    Example:
        >>> from fuselab.types import Features
        >>> fusion = Max(modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, units=16)
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).weights[1].tolist()
        [1.0, 0.0]

    Reference:
        Feichtenhofer, Pinz, Zisserman (2016), Convolutional Two-Stream Network Fusion for Video Action Recognition,
        equation 2 (max fusion), between linear maps into the space of the comparison and out of it.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, units: int) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_at_least_one("fusion.units", units)
        self.project = nn.ModuleList(nn.Linear(width, units) for width in self.dims)
        self.output = nn.Linear(units, dim)

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Keep the largest of the projected features and map them."""
        projected_BMU = project_present(self.project, pooled, present_BM, missing=-torch.inf)
        largest_BU, winner_BU = projected_BMU.max(1)
        some_B1 = present_BM.any(1, keepdim=True)
        return Fused(
            embedding=self.output(torch.where(some_B1, largest_BU, 0.0)),
            weights=_shares(winner_BU, len(pooled)) * some_B1,
        )


def _shares(winner_BU: Tensor, modalities: int) -> Tensor:
    number_M1 = torch.arange(modalities, device=winner_BU.device)[:, None]
    won_BMU = winner_BU[:, None] == number_M1
    return won_BMU.float().mean(-1)
