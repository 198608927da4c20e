"""Clips without the silence around them.

Shapes: B samples, T steps, N frames of W steps.
"""

from __future__ import annotations

import torch
from torch.nn.functional import pad

from fuselab.data.transforms.base import WAVES, FixedTransform, steps_of
from fuselab.data.transforms.checks import check_above, check_least
from fuselab.types import ModalityInput


class Trim(FixedTransform):
    r"""Takes away what is silent before and behind a clip; what is left begins at its first step, padded behind.

    Frame n is silent where its power is far below that of the loudest frame:

    .. math:: 10 \log_{10} \frac{p_n}{\max_k p_k} < -d, \qquad p_n = \frac{1}{W} \sum_{t=nW}^{nW+W-1} x_t^2

    A clip that is silent altogether stays as it is.

    Args:
        frame: steps of a frame, W
        below_db: how far below the loudest frame silence is, d

    Shape:
        - values: (B, T), padding behind

    Raises:
        ConfigError: no frame, or nothing below

    Example:
        >>> given = ModalityInput(torch.tensor([[0.0, 0.0, 1.0, 1.0, 0.0, 0.0]]), None, torch.tensor([True]))
        >>> Trim(frame=2, below_db=40).apply(given)[:2]
        (tensor([[1., 1., 0., 0., 0., 0.]]), tensor([[ True,  True, False, False, False, False]]))
    """

    takes = WAVES

    def __init__(self, *, frame: int, below_db: float) -> None:
        check_least(1, frame=frame)
        check_above(0, below_db=below_db)
        self.frame = frame
        self.below_db = below_db

    def apply(self, modality: ModalityInput) -> ModalityInput:
        """Trim."""
        values, mask = modality.values, modality.mask
        steps = values.shape[1]
        power_BN = pad(values, (0, -steps % self.frame)).view(len(values), -1, self.frame).square().mean(2)
        loud_BN = power_BN >= power_BN.amax(1, keepdim=True) * 10 ** (-self.below_db / 10)
        number_N = torch.arange(power_BN.shape[1], device=values.device)
        first_B1 = self.frame * loud_BN.int().argmax(1, keepdim=True)
        behind_B1 = self.frame * (1 + (number_N * loud_BN).amax(1, keepdim=True))
        real_B1 = torch.full_like(first_B1, steps) if mask is None else mask.sum(1, keepdim=True)
        behind_B1 = behind_B1.minimum(real_B1)
        moved_BT = values.gather(1, (first_B1 + steps_of(values)).clamp(max=steps - 1))
        kept_BT = steps_of(values) < behind_B1 - first_B1
        return modality._replace(values=torch.where(kept_BT, moved_BT, 0.0), mask=kept_BT)
