"""Attention over the modalities themselves.

Shapes: B samples, D features, K features of the attention, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import (
    check_at_least_one,
    mean_over_modalities,
    project_present,
    softmax_over_present,
)
from fuselab.types import Fused


class ModalityAttention(PooledFusion):
    r"""Each sample says how much each of its modalities counts.

    .. math::
        d_m = P_m f_m, \qquad s = \mathrm{Avg}_m\,d_m, \qquad v_m = w^\top \tanh(W s + V_m d_m + b_m), \qquad
        \beta = \mathrm{softmax}(v)\ \text{over the present modalities}, \qquad h = \sum_m \beta_m d_m

    f_m is the mean over a modality's tokens. In the paper s is the state of the decoder that asks; here nothing is
    decoded, and what asks is the mean of the present modalities, so that one (a question) can turn the attention to
    another. The paper adds a map of s to the sum; here that would let the modalities pass their own weights by.

    Learns late: what four times the epochs change stands in fusion/README.md.

    Time and memory grow with M.

    Args:
        modalities: names in the order of the weights
        dims: width of each modality's tokens
        dim: width of the representation
        hidden: width of the attention

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), weights (B, M): β

    Raises:
        ConfigError: no hidden feature

    Example:
        >>> from fuselab.types import Features
        >>> fusion = ModalityAttention(modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, hidden=4)
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).weights[1].tolist()
        [1.0, 0.0]

    Reference:
        Hori et al. (2017), Attention-Based Multimodal Fusion for Video Description, the multimodal attention of
        figure 4.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, hidden: int) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_at_least_one("fusion.hidden", hidden)
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)
        self.ask = nn.Linear(dim, hidden, bias=False)
        self.answer = nn.ModuleList(nn.Linear(dim, hidden) for _ in self.dims)
        self.score = nn.Linear(hidden, 1, bias=False)

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Weigh the projected features by how well they answer the mean of all."""
        projected_BMD = project_present(self.project, pooled, present_BM, missing=0.0)
        asked_BK = self.ask(mean_over_modalities(projected_BMD, present_BM))
        answers_BMK = torch.stack(
            [asked_BK + answer(one) for answer, one in zip(self.answer, projected_BMD.unbind(1), strict=True)], dim=1
        )
        weights_BM = softmax_over_present(self.score(torch.tanh(answers_BMK))[..., 0], present_BM)
        embedding_BD = (weights_BM[..., None].to(projected_BMD.dtype) * projected_BMD).sum(1)
        return Fused(embedding=embedding_BD, weights=weights_BM)
