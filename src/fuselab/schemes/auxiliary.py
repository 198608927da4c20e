"""Every modality is taught alone as well.

Shapes: B samples, C outputs, M modalities.
"""

from __future__ import annotations

from torch import Tensor

from fuselab.errors import ConfigError
from fuselab.fusion.functional import unimodal_losses
from fuselab.schemes.heads import UnimodalScheme
from fuselab.types import Lesson


class Auxiliary(UnimodalScheme):
    r"""The loss of the prediction, plus that of each modality's own prediction.

    .. math:: \mathcal{L} = \ell(\text{output}, y) + \lambda \sum_m \frac{1}{|B_m|} \sum_{i \in B_m} \ell(o_{im}, y_i)

    with :math:`B_m` the samples of the batch that have modality m and :math:`o_m` what a head reads off its pooled
    features (late fusion's own heads where there are some). It keeps a modality from being left behind once another
    explains the training set.

    Costs one head and one loss for each modality in training, nothing afterwards.

    Args:
        weight: of each modality's loss, λ

    Raises:
        ConfigError: a weight that isn't positive

    Example:
        >>> Auxiliary(weight=0.5).weight
        0.5

    Reference:
        Wang, Tran, Feiszli (2020), What Makes Training Multi-Modal Classification Networks Hard?: losses of the
        single modalities beside the joint one, with equal weights; Gradient-Blending is what they propose instead.
    """

    def __init__(self, *, weight: float) -> None:
        super().__init__()
        if weight <= 0:
            raise ConfigError(f"scheme.weight ({weight}) must be positive; choose scheme=none for no auxiliary loss")
        self.weight = weight

    def loss(self, joint: Tensor, lesson: Lesson) -> Tensor:
        """Add the losses of the single modalities."""
        outputs_BMC = self.outputs(lesson.prediction, detached=False)
        losses_M = unimodal_losses(outputs_BMC, lesson.present, lesson.target, lesson.sample_loss)
        return joint + self.weight * losses_M.sum()
