"""The most certain modality decides, class by class.

Shapes: B samples, C outputs, M modalities.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fuselab.fusion.base import Decision, DecisionFusion
from fuselab.fusion.functional import at_least_float32


class Max(DecisionFusion):
    r"""Maximum of the class probabilities, or of the values, over the present modalities.

    .. math::
        \log \frac{\max_{m \in P} p_{mc}}{\sum_k \max_{m \in P} p_{mk}}, \quad p_m = \mathrm{softmax}(o_m)
        \qquad\text{or}\qquad \max_{m \in P} o_{mc}

    Without any modality the classes are equally likely, and values are 0.

    A maximum has a gradient for its winner alone, and a modality that wins no class would never learn. So forward it is
    the maximum, and backward the smooth one (straight-through), which reaches every present modality in proportion to
    its exponential:

    .. math:: \log \sum_{m \in P} \exp x_{mc}, \qquad x_{mc} = \log p_{mc}\ \text{or}\ o_{mc}

    For probabilities that is the logarithm of their sum: the gradient of the sum rule, taken at the maximum's output.

    Costs O(B M C), as the mean does, and has no parameters.

    Args:
        modalities: names in the order of the outputs
        space: what is compared: class probabilities, or values as they are

    Shape:
        - outputs: (B, C) of each modality
        - present: (B,) of each modality
        - output: (B, C), no weights: another modality may win in each class; float32 or wider

    Example:
        >>> fusion = Max(modalities=["image", "audio"], space="probability")
        >>> logits = {"image": torch.zeros(1, 2), "audio": torch.tensor([[50.0, 0.0]])}
        >>> fusion(logits, {"image": torch.tensor([True]), "audio": torch.tensor([True])}).output.exp()
        tensor([[0.6667, 0.3333]])

    Reference:
        Kittler, Hatef, Duin, Matas (1998), On Combining Classifiers, the max rule under equal priors.
        Bengio, Léonard, Courville (2013), Estimating or Propagating Gradients Through Stochastic Neurons, the
        straight-through estimator.
    """

    def combine(self, outputs_BMC: Tensor, present_BM: Tensor) -> Decision:
        """Take the maximum over the present modalities."""
        outputs_BMC = at_least_float32(outputs_BMC)
        compared_BMC = outputs_BMC.log_softmax(-1) if self.space == "probability" else outputs_BMC
        # The lowest finite number, not -inf: rows of -inf alone have NaN gradients.
        lowest = torch.finfo(compared_BMC.dtype).min
        compared_BMC = compared_BMC.masked_fill(~present_BM[..., None], lowest)

        smooth_BC = compared_BMC.logsumexp(1)
        maximum_BC = compared_BMC.detach().amax(1)
        # Where nothing is present, both are the lowest number and their difference must not overflow.
        nobody_B1 = ~present_BM.any(1, keepdim=True)
        output_BC = (maximum_BC + (smooth_BC - smooth_BC.detach())).masked_fill(nobody_B1, 0.0)
        return Decision(output=output_BC.log_softmax(-1) if self.space == "probability" else output_BC, weights=None)
