"""Trusted multi-view classification: modalities give evidence, and Dempster's rule combines it.

Shapes: B samples, C classes, M modalities.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import one_hot, softplus

from fuselab.errors import ConfigError
from fuselab.fusion.base import Decision, DecisionFusion, DecisionSpace
from fuselab.fusion.functional import at_least_float32, check_at_least_one, mean_over_samples
from fuselab.types import Lesson, OwnLoss


class Evidential(OwnLoss, DecisionFusion):
    r"""Every modality gives evidence for each class, and so beliefs and a doubt; Dempster's rule combines them (TMC).

    .. math::
        e_m = \mathrm{softplus}(o_m), \quad \alpha_m = e_m + 1, \quad S_m = \sum_c \alpha_{mc}, \quad
        b_{mc} = \frac{e_{mc}}{S_m}, \quad u_m = \frac{C}{S_m}

    .. math::
        b_c = \frac{b_{1c} b_{2c} + b_{1c} u_2 + b_{2c} u_1}{1 - \sum_{i \ne j} b_{1i} b_{2j}}, \qquad
        u = \frac{u_1 u_2}{1 - \sum_{i \ne j} b_{1i} b_{2j}}

    for two modalities, and one after the other for more. The rule is associative, and in terms of evidence the conflict
    cancels (divide both by u and put :math:`b_c / u = e_c / C`), which is how it is computed:

    .. math:: 1 + \frac{e_c}{C} = \prod_{m \in P} \Big(1 + \frac{e_{mc}}{C}\Big), \qquad
        \text{output}_c = \log \frac{e_c + 1}{\sum_k (e_k + 1)}

    A missing modality gives no evidence and changes nothing; without any, the classes are equally likely.

    It is trained by the paper's loss, for the combined evidence and for that of each present modality,

    .. math::
        \ell(\alpha) = \sum_c y_c \big(\psi(S) - \psi(\alpha_c)\big)
        + \lambda_t\, \mathrm{KL}\big[\mathrm{Dir}(\tilde\alpha)\,\|\,\mathrm{Dir}(1)\big], \qquad
        \tilde\alpha = y + (1 - y) \odot \alpha, \qquad \lambda_t = \min(1, t / T),

    t the epoch and T ``annealing_epochs``. The task's label smoothing has no part in it: the second term is what keeps
    evidence small. Training schemes that teach the modalities by further losses refuse this method: it has its own.

    Costs O(B M C), and has no parameters.

    Args:
        modalities: names in the order of the weights
        space: must be ``probability``
        annealing_epochs: epochs until the second term of the loss counts in full, T

    Shape:
        - outputs: (B, C) of each modality, before the softplus
        - present: (B,) of each modality
        - output: (B, C), logarithms of the expected probabilities; weights (B, M), each modality's share of the
          belief, 1 - u_m; float32 or wider

    Raises:
        ConfigError: ``space`` is ``value``, or an annealing of no epoch

    Example:
        >>> fusion = Evidential(modalities=["image", "audio"], space="probability", annealing_epochs=10)
        >>> outputs = {"image": torch.tensor([[-50.0, -50.0]]), "audio": torch.tensor([[6.0, -50.0]])}
        >>> present = {"image": torch.tensor([True]), "audio": torch.tensor([True])}
        >>> fusion(outputs, present).output.exp()
        tensor([[0.8750, 0.1250]])

    Reference:
        Han, Zhang, Fu, Zhou (2021), Trusted Multi-View Classification: evidence and opinions (section 3.1), the reduced
        Dempster's combination rule (section 3.2), the loss (section 3.3). Softplus stands for the paper's
        non-negative activation: a ReLU has no gradient where a modality is silent.
    """

    def __init__(self, *, modalities: Sequence[str], space: DecisionSpace, annealing_epochs: int) -> None:
        super().__init__(modalities=modalities, space=space)
        if space != "probability":
            raise ConfigError(
                f"fusion.space ({space}) must be 'probability' for evidence, which is for classes; "
                "choose fusion=late/uncertainty or a classification task"
            )
        check_at_least_one("fusion.annealing_epochs", annealing_epochs)
        self.annealing_epochs = annealing_epochs

    def combine(self, outputs_BMC: Tensor, present_BM: Tensor) -> Decision:
        """Combine the evidence of the present modalities."""
        evidence_BMC = _evidence(outputs_BMC, present_BM)
        alpha_BC = _combined(evidence_BMC) + 1
        strength_BM = evidence_BMC.sum(-1)
        belief_BM = strength_BM / (strength_BM + evidence_BMC.shape[-1])
        return Decision(
            output=alpha_BC.log() - alpha_BC.sum(-1, keepdim=True).log(),
            weights=belief_BM / belief_BM.sum(1, keepdim=True).clamp(min=torch.finfo(belief_BM.dtype).tiny),
        )

    def own_loss(self, lesson: Lesson) -> Tensor:
        """Return the loss of the combined evidence and those of the present modalities."""
        prediction, present_BM, target, _, epoch = lesson
        if prediction.per_modality is None:
            raise TypeError("evidence needs the outputs of the single modalities; use it in a DecisionFusionModel")
        evidence_BMC = _evidence(prediction.per_modality, present_BM)
        weight = min(1.0, epoch / self.annealing_epochs)
        together_B = _loss(_combined(evidence_BMC) + 1, target, weight)
        alone_BM = torch.stack([_loss(one + 1, target, weight) for one in evidence_BMC.unbind(1)], dim=1)
        return together_B.mean() + mean_over_samples(alone_BM, present_BM).sum()


def _evidence(outputs_BMC: Tensor, present_BM: Tensor) -> Tensor:
    evidence_BMC = softplus(at_least_float32(outputs_BMC))
    return torch.where(present_BM[..., None], evidence_BMC, torch.zeros_like(evidence_BMC))


def _combined(evidence_BMC: Tensor) -> Tensor:
    classes = evidence_BMC.shape[-1]
    return classes * torch.expm1(torch.log1p(evidence_BMC / classes).sum(1))


def _loss(alpha_BC: Tensor, target_B: Tensor, weight: float) -> Tensor:
    """Return the expected cross-entropy under a Dirichlet, and the distance of its wrong part from the flat one."""
    classes = alpha_BC.shape[-1]
    true_BC = one_hot(target_B, classes).to(alpha_BC.dtype)
    total_B1 = alpha_BC.sum(-1, keepdim=True)
    risk_B = (true_BC * (torch.digamma(total_B1) - torch.digamma(alpha_BC))).sum(-1)

    wrong_BC = true_BC + (1 - true_BC) * alpha_BC
    sum_B1 = wrong_BC.sum(-1, keepdim=True)
    normaliser_B = torch.lgamma(sum_B1.squeeze(-1)) - torch.lgamma(wrong_BC).sum(-1)
    slope_B = ((wrong_BC - 1) * (torch.digamma(wrong_BC) - torch.digamma(sum_B1))).sum(-1)
    return risk_B + weight * (normaliser_B - math.lgamma(classes) + slope_B)
