"""Learning rates over the steps of a training."""

from __future__ import annotations

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def warmup_cosine(optimizer: Optimizer, *, warmup: float, total_steps: int) -> LambdaLR:
    r"""Linear warm-up to the optimizer's learning rate, then half a cosine to zero.

    .. math:: \eta_t = \eta \cdot \tfrac{1}{2} \left(1 + \cos \pi \tfrac{t - w}{T - w}\right), \quad t \ge w

    Args:
        optimizer: whose rate is changed
        warmup: share of all steps, 0 to 1
        total_steps: of the training

    Reference:
        Loshchilov and Hutter (2017), SGDR: Stochastic Gradient Descent with Warm Restarts, equation 5, one cycle.
    """
    warm = max(1, round(warmup * total_steps))

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total_steps - warm))))

    return LambdaLR(optimizer, factor)
