"""Mean of the modalities' predictions with learned weights.

Shapes: B samples, C outputs, M modalities.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.base import Decision, DecisionFusion, DecisionSpace
from fuselab.fusion.late.mixture import mixture


class Weighted(DecisionFusion):
    r"""Weighted mean of the class probabilities, or of the values, with one learned weight per modality.

    .. math::
        \log \sum_m w_m \,\mathrm{softmax}(o_m) \quad\text{or}\quad \sum_m w_m o_m, \qquad
        w = \mathrm{softmax}(s)\ \text{over the present modalities}

    The scores s start at zero, so training starts from the mean. Without any modality the classes are equally likely,
    and values are 0.

    Args:
        modalities: names in the order of the weights
        space: what is averaged: class probabilities, or values as they are

    Shape:
        - outputs: (B, C) of each modality
        - present: (B,) of each modality
        - output: (B, C), weights (B, M); float32 or wider

    Example:
        >>> fusion = Weighted(modalities=["image", "audio"], space="value")
        >>> values = {"image": torch.tensor([[1.0]]), "audio": torch.tensor([[3.0]])}
        >>> fusion(values, {"image": torch.tensor([True]), "audio": torch.tensor([True])}).output.tolist()
        [[2.0]]

    Reference:
        Genest, Zidek (1986), Combining Probability Distributions: A Critique and an Annotated Bibliography, the linear
        opinion pool.
    """

    def __init__(self, *, modalities: Sequence[str], space: DecisionSpace) -> None:
        super().__init__(modalities=modalities, space=space)
        self.score_M = nn.Parameter(torch.zeros(len(self.modalities)))

    def combine(self, outputs_BMC: Tensor, present_BM: Tensor) -> Decision:
        """Average with the weights of the present modalities."""
        return mixture(outputs_BMC, present_BM, scores=self.score_M, space=self.space)
