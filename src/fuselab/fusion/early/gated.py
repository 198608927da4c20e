"""Gated multimodal unit: the features themselves say how much each modality counts.

Shapes: B samples, D features, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import at_least_float32
from fuselab.types import Fused


class Gated(PooledFusion):
    r"""Gated multimodal unit (GMU) for any number of modalities.

    .. math::
        h_m = \tanh(W_m f_m), \qquad z_m = \sigma(W_{zm}\,[f_1; \dots; f_M]), \qquad h = \sum_m z_m \odot h_m

    The gates of different modalities are free of one another; only the paper's bimodal simplification ties them
    (z and 1 - z). A missing modality has no gate.

    Args:
        modalities: names in the order of the gates
        dims: width of each modality's tokens
        dim: width of the representation

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), weights (B, M): mean gate of each modality as a share of all gates

    Example:
        >>> from fuselab.types import Features
        >>> fusion = Gated(modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8)
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).weights[1].tolist()
        [1.0, 0.0]

    Reference:
        Arevalo, Solorio, Montes-y-Gómez, González (2017), Gated Multimodal Units for Information Fusion, the
        equations of the unit for more than two modalities (figure 2a).
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        # No biases, as in the paper: tanh(0) = 0, so an empty feature stays empty.
        self.project = nn.ModuleList(nn.Linear(width, dim, bias=False) for width in self.dims)
        self.gate = nn.Linear(sum(self.dims), len(self.dims) * dim, bias=False)

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Add the squashed features, each through its gate."""
        hidden_BMD = torch.stack(
            [torch.tanh(project(one)) for project, one in zip(self.project, pooled, strict=True)], dim=1
        )
        gate_BMD = torch.sigmoid(self.gate(torch.cat(pooled, dim=1))).view(-1, len(pooled), self.dim)
        gate_BMD = gate_BMD * present_BM[..., None]
        return Fused(embedding=(gate_BMD * hidden_BMD).sum(1), weights=_shares(gate_BMD))


def _shares(gate_BMD: Tensor) -> Tensor:
    mean_BM = at_least_float32(gate_BMD).mean(-1)
    # A sample without modalities has no gate at all: its shares are zeros, not 0 / 0.
    return mean_BM / mean_BM.sum(1, keepdim=True).clamp(min=torch.finfo(mean_BM.dtype).tiny)
