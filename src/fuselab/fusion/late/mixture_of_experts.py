"""Mean of the modalities' predictions with weights that depend on the input.

Shapes: B samples, C outputs, D features, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.base import Decision, DecisionSpace, InformedDecisionFusion
from fuselab.fusion.late.mixture import mixture


class MixtureOfExperts(InformedDecisionFusion):
    r"""Every modality is an expert, and a gate that sees all of them says whom to believe, sample by sample.

    .. math::
        \log \sum_{m \in P} g_m \,\mathrm{softmax}(o_m) \quad\text{or}\quad \sum_{m \in P} g_m o_m, \qquad
        g = \mathrm{softmax}\big(V [f_1; \dots; f_M] + c\big)\ \text{over the present modalities}

    f are the pooled features, zeros where a modality is missing. Under cross-entropy the loss is the negative logarithm
    of the mixture's likelihood, as in the paper: it makes experts compete instead of cooperate. Without any modality
    the classes are equally likely, and values are 0.

    The gate sees all modalities at once, so what it makes is no sum of unimodal terms: it learns from a question which
    modality to ask, and a little of what takes two of them, where methods without a gate can't.

    Costs M (D_1 + … + D_M + 1) parameters.

    Args:
        modalities: names in the order of the gate
        dims: width of each modality's features
        space: what is averaged: class probabilities, or values as they are

    Shape:
        - outputs: (B, C) of each modality
        - present: (B,) of each modality
        - pooled: (B, D_m) of each modality m
        - output: (B, C), weights (B, M), the gate; float32 or wider

    Example:
        >>> fusion = MixtureOfExperts(modalities=["image", "audio"], dims={"image": 7, "audio": 5}, space="probability")
        >>> logits = {"image": torch.zeros(1, 2), "audio": torch.tensor([[50.0, 0.0]])}
        >>> pooled = {"image": torch.randn(1, 7), "audio": torch.randn(1, 5)}
        >>> fusion(logits, {"image": torch.tensor([False]), "audio": torch.tensor([True])}, pooled).weights.tolist()
        [[0.0, 1.0]]

    Reference:
        Jacobs, Jordan, Nowlan, Hinton (1991), Adaptive Mixtures of Local Experts: the gated mixture, trained by
        the logarithm of its likelihood (equation 1.3), here that of classes.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], space: DecisionSpace) -> None:
        super().__init__(modalities=modalities, dims=dims, space=space)
        self.gate = nn.Linear(sum(self.dims), len(self.dims))

    def combine(self, outputs_BMC: Tensor, present_BM: Tensor, pooled: list[Tensor]) -> Decision:
        """Average with the weights of the gate."""
        scores_BM = self.gate(torch.cat(pooled, dim=1))
        return mixture(outputs_BMC, present_BM, scores=scores_BM, space=self.space)
