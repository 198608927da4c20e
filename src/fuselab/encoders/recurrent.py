"""Two recurrent networks that read each sequence as if it were alone, one from either end.

Shapes: B samples, T steps, D features, H hidden units.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def read_both_ways(forwards: nn.GRU, backwards: nn.GRU, steps_BTD: Tensor, mask_BT: Tensor) -> Tensor:
    """Return the states of two GRUs beside each other, wherever in a sequence its real steps stand.

    The real steps are moved to the front, for one of the GRUs in the other direction, and the states are put back:
    what comes before a real step is real, so padding can't change it. Packed sequences do the same, several times
    slower on a CPU and not at all under torch.compile, and only where all padding stands behind.

    Args:
        forwards: reads from the first real step on
        backwards: reads from the last real step on
        steps_BTD: what they read
        mask_BT: where a step is real

    Shape:
        - steps_BTD: (B, T, D)
        - mask_BT: (B, T), bool
        - output: (B, T, 2 H); what stands at padding means nothing

    Example:
        >>> forwards, backwards = (nn.GRU(3, 2, batch_first=True) for _ in range(2))
        >>> read_both_ways(forwards, backwards, torch.zeros(1, 4, 3), torch.ones(1, 4).bool()).shape
        torch.Size([1, 4, 4])
    """
    length = mask_BT.shape[1]
    step_T = torch.arange(length, device=mask_BT.device)
    behind_BT = step_T + length
    states = []
    for network, place_BT in ((forwards, step_T), (backwards, length - 1 - step_T)):
        order_BT = torch.where(mask_BT, place_BT, behind_BT).argsort(1)
        read_BTH, _ = network(_moved(steps_BTD, order_BT))
        states.append(_moved(read_BTH, order_BT.argsort(1)))
    return torch.cat(states, dim=2)


def _moved(steps_BTD: Tensor, order_BT: Tensor) -> Tensor:
    return steps_BTD.gather(1, order_BT[..., None].expand(*order_BT.shape, steps_BTD.shape[2]))
