"""Weighted mean of the present modalities' predictions, in the space that the task asks for.

Shapes: B samples, C outputs, M modalities.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fuselab.fusion.base import Decision, DecisionSpace
from fuselab.fusion.functional import at_least_float32, log_softmax_over_present


def mixture(outputs_BMC: Tensor, present_BM: Tensor, *, scores: Tensor, space: DecisionSpace) -> Decision:
    r"""Average class probabilities (given back as logarithms) or values, with weights over the present modalities.

    .. math:: \log \sum_m w_m \,\mathrm{softmax}(o_m) \quad\text{or}\quad \sum_m w_m o_m, \qquad w = \mathrm{softmax}(s)

    Without any modality the classes are equally likely, and values are 0.

    Args:
        outputs_BMC: logits or values of each modality, zeros where it is missing
        present_BM: where a sample has a modality
        scores: the higher, the more a modality counts
        space: what is averaged

    Shape:
        - scores: (M,) or (B, M)
        - output: (B, C), weights (B, M); float32 or wider, since bfloat16 rounds different classes to one probability

    Example:
        >>> outputs = torch.tensor([[[0.0, 0.0], [50.0, 0.0]]])
        >>> present = torch.tensor([[True, True]])
        >>> mixture(outputs, present, scores=torch.zeros(2), space="probability").output.exp()
        tensor([[0.7500, 0.2500]])
        >>> mixture(outputs, present, scores=torch.zeros(2), space="value").output
        tensor([[25.,  0.]])
    """
    outputs_BMC = at_least_float32(outputs_BMC)
    log_weights_BM = log_softmax_over_present(scores, present_BM)
    weights_BM = log_weights_BM.exp() * present_BM
    if space == "value":
        return Decision(output=(weights_BM[..., None] * outputs_BMC).sum(1), weights=weights_BM)
    # The sum of exponentials of logarithms: a class with probability 1e-60 keeps its logarithm and its gradient.
    output_BC = torch.logsumexp(outputs_BMC.log_softmax(-1) + log_weights_BM[..., None], dim=1)
    return Decision(output=output_BC, weights=weights_BM)
