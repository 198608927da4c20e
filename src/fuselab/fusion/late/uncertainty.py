"""Mean of the modalities' predictions, each counted by how sure it says to be.

Shapes: B samples, C outputs, D features, M modalities.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.base import Decision, DecisionSpace, InformedDecisionFusion
from fuselab.fusion.functional import at_least_float32, softmax_over_present


class Uncertainty(InformedDecisionFusion):
    r"""Each modality gives a Gaussian over the logits, or values; their product is the precision-weighted mean.

    .. math::
        \pi_m = \exp(v_m^\top f_m + c_m), \qquad \mu = \frac{\sum_{m \in P} \pi_m o_m}{\sum_{m \in P} \pi_m}, \qquad
        \sigma^2 = \frac{1}{\sum_{m \in P} \pi_m}

    f is the modality's pooled feature: its precision depends on itself alone, not on what the others say. Values are μ.
    Class probabilities are the softmax of logits that are so uncertain, with MacKay's approximation of the integral:

    .. math:: \log\,\mathrm{softmax}\Big(\frac{\mu}{\sqrt{1 + \pi \sigma^2 / 8}}\Big)

    so a sample of which no modality is sure gets a flat prediction, and what is added raises confidence. The precisions
    start at one. Without any modality the classes are equally likely, and values are 0. A loss of values alone, such as
    a squared error, teaches the ratios of the precisions, not their size.

    Costs D_m + 1 parameters for each modality.

    Args:
        modalities: names in the order of the weights
        dims: width of each modality's features
        space: what is averaged: logits of classes, or values as they are

    Shape:
        - outputs: (B, C) of each modality
        - present: (B,) of each modality
        - pooled: (B, D_m) of each modality m
        - output: (B, C), log-probabilities where space is ``probability``; weights (B, M), the shares of the precision;
          float32 or wider

    Example:
        >>> fusion = Uncertainty(modalities=["image", "audio"], dims={"image": 7, "audio": 5}, space="value")
        >>> values = {"image": torch.tensor([[1.0]]), "audio": torch.tensor([[3.0]])}
        >>> pooled = {"image": torch.randn(1, 7), "audio": torch.randn(1, 5)}
        >>> fusion(values, {"image": torch.tensor([True]), "audio": torch.tensor([True])}, pooled).output.tolist()
        [[2.0]]

    Reference:
        Cao, Fleet (2014), Generalized Product of Experts for Automatic and Principled Fusion of Gaussian Process
        Predictions: mean and precision of a product of Gaussian experts. Kendall, Gal (2017), What Uncertainties Do We
        Need in Bayesian Deep Learning for Computer Vision?, section 3.3: a Gaussian over logits with a variance read
        off the input. MacKay (1992), The Evidence Framework Applied to Classification Networks: the moderated output.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], space: DecisionSpace) -> None:
        super().__init__(modalities=modalities, dims=dims, space=space)
        self.log_precision = nn.ModuleList(nn.Linear(width, 1) for width in self.dims)
        for layer in self.log_precision.children():
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)

    def combine(self, outputs_BMC: Tensor, present_BM: Tensor, pooled: list[Tensor]) -> Decision:
        """Average with the precisions of the present modalities."""
        read = zip(self.log_precision, pooled, strict=True)
        log_precision_BM = at_least_float32(torch.cat([layer(one) for layer, one in read], dim=1))
        weights_BM = softmax_over_present(log_precision_BM, present_BM)
        mean_BC = (weights_BM[..., None] * at_least_float32(outputs_BMC)).sum(1)
        if self.space == "value":
            return Decision(output=mean_BC, weights=weights_BM)
        # In logarithms: the total of the precisions may be too large or too small for a number. Without any modality it
        # is the lowest there is, and the variance is cut where the square root is still a number.
        lowest = torch.finfo(log_precision_BM.dtype).min
        log_total_B1 = log_precision_BM.masked_fill(~present_BM, lowest).logsumexp(1, keepdim=True)
        variance_B1 = (-log_total_B1).clamp(max=80.0).exp()
        return Decision(
            output=(mean_BC / torch.sqrt(1 + math.pi / 8 * variance_B1)).log_softmax(-1), weights=weights_BM
        )
