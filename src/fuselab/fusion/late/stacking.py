"""A model learned on top of the modalities' finished predictions.

Shapes: B samples, C outputs, M modalities.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from fuselab.fusion.base import Decision, DecisionFusion, DecisionSpace
from fuselab.fusion.functional import at_least_float32, unimodal_losses
from fuselab.types import Lesson, OwnLoss


class Stacking(OwnLoss, DecisionFusion):
    r"""A linear model on the modalities' class probabilities, or values, which it can't change.

    .. math::
        \mathrm{log\,softmax}\Big(b + \sum_{m \in P} W_m\, \mathrm{sg}[q_m]\Big) \quad\text{or}\quad
        b + \sum_{m \in P} W_m\, \mathrm{sg}[o_m], \qquad q_m = \mathrm{softmax}(o_m)

    sg stops the gradient: encoders and heads learn from their own losses alone, the linear model from the loss of the
    output alone, and training minimises the sum

    .. math:: \mathcal{L} = \ell(\text{output}, y) + \sum_m \ell(o_m, y),

    each term a mean over the samples that have the modality. So this is what separately trained unimodal models give
    when something small is learned on top of them, in one training. The original learns the top from predictions for
    held-out samples; here both levels see the same ones, and an overfitted modality is trusted too much.

    A missing modality adds nothing to the sum; without any, the output is that of the bias. Training schemes that teach
    the modalities by further losses refuse this method: it has them.

    Costs M C² + C parameters and O(B M C²).

    Args:
        modalities: names in the order of the outputs
        outputs: number of classes or values, C
        space: what is stacked: class probabilities, or values as they are

    Shape:
        - outputs: (B, C) of each modality
        - present: (B,) of each modality
        - output: (B, C), log-probabilities where space is ``probability``, no weights; float32 or wider

    Example:
        >>> import torch
        >>> fusion = Stacking(modalities=["image", "audio"], outputs=3, space="probability")
        >>> logits = {"image": torch.zeros(2, 3), "audio": torch.zeros(2, 3)}
        >>> present = {"image": torch.tensor([True, True]), "audio": torch.tensor([True, False])}
        >>> fusion(logits, present).output.shape
        torch.Size([2, 3])

    Reference:
        Wolpert (1992), Stacked Generalization. Ting, Witten (1999), Issues in Stacked Generalization: class
        probabilities are what a linear model should be learned from.
    """

    def __init__(self, *, modalities: Sequence[str], outputs: int, space: DecisionSpace) -> None:
        super().__init__(modalities=modalities, space=space)
        self.top = nn.Linear(len(self.modalities) * outputs, outputs)

    def combine(self, outputs_BMC: Tensor, present_BM: Tensor) -> Decision:
        """Read the finished predictions of the present modalities."""
        finished_BMC = at_least_float32(outputs_BMC.detach())
        if self.space == "probability":
            finished_BMC = finished_BMC.softmax(-1) * present_BM[..., None]
        output_BC = at_least_float32(self.top(finished_BMC.to(self.top.weight.dtype).flatten(1)))
        return Decision(output=output_BC.log_softmax(-1) if self.space == "probability" else output_BC, weights=None)

    def own_loss(self, lesson: Lesson) -> Tensor:
        """Return the loss of the output and those of the modalities."""
        prediction, present_BM, target, sample_loss, _ = lesson
        if prediction.per_modality is None:
            raise TypeError("stacking needs the outputs of the single modalities; use it in a DecisionFusionModel")
        alone_M = unimodal_losses(prediction.per_modality, present_BM, target, sample_loss)
        return sample_loss(prediction.output, target).mean() + alone_M.sum()
