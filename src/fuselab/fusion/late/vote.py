"""Majority vote of the modalities' predictions.

Shapes: B samples, C classes, M modalities.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fuselab.errors import ConfigError
from fuselab.fusion.base import Decision, DecisionFusion, DecisionSpace
from fuselab.fusion.late.mixture import mixture


class Vote(DecisionFusion):
    r"""Majority vote over the present modalities; the mean probability breaks ties.

    .. math::
        \log \frac{v_c + \bar p_c}{|P| + 1}, \qquad v_c = \sum_{m \in P} [\arg\max_k o_{mk} = c], \qquad
        \bar p_c = \frac{1}{|P|} \sum_{m \in P} \mathrm{softmax}(o_m)_c

    Votes are whole numbers and the mean probability is at most 1, so it decides only where votes are equal; the
    classes' shares sum to 1. Without any modality the classes are equally likely.

    A vote has no gradient: it jumps. The straight-through estimator takes it as it is forward and as the probability
    that cast it backward, so that each modality's head learns from the decision it takes part in. The votes of a class
    then have the gradient of :math:`|P|\,\bar p_c`, their sum with the mean that of :math:`(|P| + 1)\,\bar p_c`:
    the estimator is the gradient through the mean, :math:`|P| + 1` times, and that is how it is computed.

    Args:
        modalities: names in the order of the weights
        space: must be ``probability``: values can't be counted

    Shape:
        - outputs: (B, C), logits of each modality
        - present: (B,) of each modality
        - output: (B, C), log-probabilities; weights (B, M), the same for each present modality; float32 or wider

    Raises:
        ConfigError: ``space`` is ``value``

    Example:
        >>> fusion = Vote(modalities=["image", "audio", "text"], space="probability")
        >>> no, yes = torch.tensor([[0.1, 0.0]]), torch.tensor([[0.0, 9.0]])
        >>> present = dict.fromkeys(["image", "audio", "text"], torch.tensor([True]))
        >>> fusion({"image": no, "audio": no, "text": yes}, present).output.argmax(1).item()
        0

    Reference:
        Kittler, Hatef, Duin, Matas (1998), On Combining Classifiers, the majority vote rule. Bengio, Léonard, Courville
        (2013), Estimating or Propagating Gradients Through Stochastic Neurons, the straight-through estimator.
    """

    def __init__(self, *, modalities: Sequence[str], space: DecisionSpace) -> None:
        super().__init__(modalities=modalities, space=space)
        if space != "probability":
            raise ConfigError(
                f"fusion.space ({space}) must be 'probability' for a vote, since values can't be counted; "
                "choose fusion=late/mean or a classification task"
            )

    def combine(self, outputs_BMC: Tensor, present_BM: Tensor) -> Decision:
        """Count the votes of the present modalities."""
        equal_M = outputs_BMC.new_zeros(len(self.modalities))
        log_mean_BC, weights_BM = mixture(outputs_BMC, present_BM, scores=equal_M, space=self.space)

        classes_C = torch.arange(outputs_BMC.shape[-1], device=outputs_BMC.device)
        votes_BMC = (outputs_BMC.argmax(-1, keepdim=True) == classes_C) & present_BM[..., None]
        log_votes_BC = votes_BMC.sum(1).to(log_mean_BC.dtype).log()
        voters_B1 = present_BM.sum(1, keepdim=True)
        # In logarithms, since a mean probability that underflows would give -inf and a NaN gradient.
        share_BC = torch.logaddexp(log_votes_BC, log_mean_BC) - torch.log1p(voters_B1)
        straight_through_BC = share_BC + voters_B1 * (share_BC - share_BC.detach())
        return Decision(output=straight_through_BC, weights=weights_BM)
