"""On-the-fly gradient modulation: the modality that is ahead learns more slowly.

Shapes: B samples, C classes, M modalities.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from fuselab.errors import ConfigError
from fuselab.fusion.base import DecisionSpace
from fuselab.fusion.functional import at_least_float32, unimodal_losses
from fuselab.models.fusion_model import FusionModel
from fuselab.schemes.base import against_the_others, in_processes, sum_over_processes
from fuselab.schemes.heads import UnimodalScheme
from fuselab.types import Lesson


class OgmGe(UnimodalScheme):
    r"""Gradients of an encoder shrink while its modality predicts better than the others; noise makes up for it.

    .. math::
        s_m = \frac{1}{|B_m|} \sum_{i \in B_m} \mathrm{softmax}(o_{im})_{y_i}, \qquad
        \rho_m = \frac{s_m}{\frac{1}{M - 1} \sum_{k \ne m} s_k}, \qquad
        k_m = \begin{cases} 1 - \tanh(\alpha \rho_m) & \rho_m > 1 \\ 1 & \text{else} \end{cases}

    .. math:: g_m \leftarrow k_m g_m + \varepsilon, \qquad \varepsilon \sim \mathcal{N}(0, \sigma^2(g_m))

    for the gradients :math:`g_m` of the encoder of modality m, tensor by tensor, before they are clipped; the noise is
    generalisation enhancement (GE). With two modalities present in every sample it is the paper's ratio; the mean over
    the others, and over the samples :math:`B_m` that have the modality, extend it to more and to missing ones.

    What a modality says alone the paper reads off the halves of a linear head on concatenated features. Here a head for
    each modality learns it from the pooled features, without a gradient for the encoder, so it goes with every fusion;
    late fusion's own heads are asked where there are some. The noise has one variance for a tensor, that of the
    gradient's entries: the covariance over samples would take a gradient for each.

    The paper trains by SGD. AdamW divides each gradient by its own size, and what shrinks evenly over many steps has
    little effect there: compare under the optimizer that you mean to use.

    Costs one head for each modality in training, and a pass over the encoders' gradients; nothing afterwards.

    Args:
        alpha: how strongly a ratio counts
        noise: whether to add the noise (OGM-GE) or not (OGM)
        space: must be ``probability``

    Raises:
        ConfigError: an alpha that isn't positive, or values instead of classes

    Example:
        >>> scheme = OgmGe(alpha=0.5, noise=True, space="probability")
        >>> scheme.coefficients(torch.tensor([0.8, 0.4]), torch.tensor([True, True]))
        tensor([0.2384, 1.0000])

    Reference:
        Peng, Wei, Deng, Wang, Hu (2022), Balanced Multimodal Learning via On-the-fly Gradient Modulation: scores, ratio
        and coefficient of section 3.2, generalisation enhancement of section 3.3.
    """

    whole: ClassVar[bool] = True

    def __init__(self, *, alpha: float, noise: bool, space: DecisionSpace) -> None:
        super().__init__()
        if alpha <= 0:
            raise ConfigError(f"scheme.alpha ({alpha}) must be positive; set it to 0.5")
        if space != "probability":
            raise ConfigError(f"scheme.space ({space}) must be 'probability' for OgmGe, which compares probabilities")
        self.alpha = alpha
        self.noise = noise
        self._scores: list[Tensor] = []  # of the batches of one step: sums and counts, (2, M)
        self._coefficients: Tensor | None = None  # of the last step, (M,)

    def loss(self, joint: Tensor, lesson: Lesson) -> Tensor:
        """Score the modalities, and teach the heads that do it."""
        outputs_BMC = self.outputs(lesson.prediction, detached=True)
        probability_BMC = at_least_float32(outputs_BMC.detach()).softmax(-1)
        chosen_BM = probability_BMC.gather(2, lesson.target[:, None, None].expand(-1, len(self.modalities), 1))[..., 0]
        self._scores.append(torch.stack([(chosen_BM * lesson.present).sum(0), lesson.present.sum(0).to(chosen_BM)]))
        if not len(self.heads):
            return joint
        return joint + unimodal_losses(outputs_BMC, lesson.present, lesson.target, lesson.sample_loss).sum()

    def coefficients(self, scores_M: Tensor, seen_M: Tensor) -> Tensor:
        """Return by how much to multiply each modality's gradients."""
        ratio_M = against_the_others(scores_M, seen_M)
        return torch.where(ratio_M > 1, 1 - torch.tanh(self.alpha * ratio_M), torch.ones_like(ratio_M))

    def change_gradients(self, model: FusionModel) -> None:
        """Shrink the gradients of the encoders that are ahead, and add noise to all encoders'."""
        sums_M, counts_M = sum_over_processes(torch.stack(self._scores).sum(0))
        self._scores.clear()
        coefficients_M = self.coefficients(sums_M / counts_M.clamp(min=1), counts_M > 0)
        self._coefficients = coefficients_M
        for name, coefficient in zip(self.modalities, coefficients_M, strict=True):
            for parameter in model.encoders[name].parameters():
                if parameter.grad is not None:
                    self._modulate(parameter.grad, coefficient)

    def _modulate(self, gradient: Tensor, coefficient: Tensor) -> None:
        deviation = gradient.std(correction=0)
        gradient.mul_(coefficient)
        if self.noise:
            noise = torch.randn_like(gradient)
            if in_processes():  # each would draw its own, and the models would part
                torch.distributed.broadcast(noise, src=0)
            gradient.add_(noise * deviation)

    def report(self) -> dict[str, Tensor]:
        """Return the coefficient of each modality."""
        if self._coefficients is None:
            return {}
        return dict(zip((f"coefficient/{name}" for name in self.modalities), self._coefficients, strict=True))
