"""Losses for classes of unequal size: weights from the train split, and the focal loss.

Shapes: B samples, S samples of the train split, C classes or labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from fuselab.errors import ConfigError, DataError

INVERSE = "inverse_frequency"


def inverse_frequency(target_S: Tensor, *, classes: int) -> Tensor:
    r"""Return a weight for each class, so that every class counts as much as any other and the mean sample counts one.

    .. math:: w_c = \frac{S}{K \, n_c}

    with K classes that have a sample at all; the weight of another is 0 and never used.

    Args:
        target_S: classes of the train split
        classes: number of classes

    Example:
        >>> inverse_frequency(torch.tensor([0, 0, 0, 1]), classes=2)
        tensor([0.6667, 2.0000])
    """
    if target_S.dim() != 1 or target_S.is_floating_point() or int(target_S.min()) < 0 or int(target_S.max()) >= classes:
        raise DataError(
            f"the targets must be classes from 0 to {classes - 1} to be weighted; set task.class_weights=null"
        )
    count_C = torch.bincount(target_S, minlength=classes).float()
    weight_C = len(target_S) / (int((count_C > 0).sum()) * count_C)
    return torch.where(count_C > 0, weight_C, 0.0)


def positive_weights(target_SC: Tensor) -> Tensor:
    r"""Return by how much to weigh the positives of each label, so that they count as much as its negatives.

    .. math:: w_c = n_c^- / n_c^+

    A label that is always or never there keeps the weight 1: there is nothing to balance.

    Args:
        target_SC: labels of the train split, 0 or 1

    Example:
        >>> positive_weights(torch.tensor([[1, 0], [0, 0], [0, 0], [0, 0]]))
        tensor([3., 1.])
    """
    positive_C = target_SC.float().sum(0)
    negative_C = len(target_SC) - positive_C
    both = (positive_C > 0) & (negative_C > 0)
    return torch.where(both, negative_C / positive_C.clamp(min=1), 1.0)


def check_weights(key: str, given: Any, *, number: int) -> None:
    """Refuse weights that can't be.

    Args:
        key: of the config, for the message
        given: None, ``inverse_frequency``, or a weight for each class or label
        number: of classes or labels

    Raises:
        ConfigError: anything else

    Example:
        >>> check_weights("task.class_weights", [1, 2.5], number=2)
    """
    if given is None or given == INVERSE:
        return
    listed = isinstance(given, Sequence) and not isinstance(given, str) and len(given) == number
    if not (listed and all(isinstance(one, int | float) and 0 < one < float("inf") for one in given)):
        raise ConfigError(
            f"{key} ({given}) must be null, {INVERSE}, or a list of {number} positive numbers; set one of them"
        )


def check_gamma(gamma: Any) -> None:
    """Refuse a focusing parameter that can't be.

    Raises:
        ConfigError: not a number of at least 0
    """
    if isinstance(gamma, bool) or not isinstance(gamma, int | float) or not 0 <= gamma < float("inf"):
        raise ConfigError(
            f"task.focal_gamma ({gamma}) must be a number of at least 0; set task.focal_gamma=2, or 0 for no focal loss"
        )


def focal_loss(logits_BC: Tensor, target_B: Tensor, *, gamma: float) -> Tensor:
    r"""Return cross-entropy that looks away from samples that are easy already.

    .. math:: \mathrm{FL}(p_t) = -(1 - p_t)^\gamma \log p_t, \qquad p = \mathrm{softmax}(o)

    Args:
        logits_BC: outputs
        target_B: classes
        gamma: how much; at 0 it is cross-entropy

    Shape:
        - output: (B,)

    Reference:
        Lin, Goyal, Girshick, He, Dollár (2017), Focal Loss for Dense Object Detection, equation 4, with the softmax of
        several classes for the sigmoid of one.
    """
    cross_entropy_B = functional.cross_entropy(logits_BC, target_B, reduction="none")
    return _focused(cross_entropy_B, gamma)


def binary_focal_loss(logits_BC: Tensor, target_BC: Tensor, *, gamma: float) -> Tensor:
    r"""Return the same for labels, each by itself: the sigmoid as in the paper.

    Args:
        logits_BC: outputs
        target_BC: 0 or 1
        gamma: how much; at 0 it is binary cross-entropy

    Shape:
        - output: (B, C)

    Reference:
        Lin, Goyal, Girshick, He, Dollár (2017), Focal Loss for Dense Object Detection, equation 4.
    """
    return _focused(functional.binary_cross_entropy_with_logits(logits_BC, target_BC, reduction="none"), gamma)


def _focused(negative_log_p: Tensor, gamma: float) -> Tensor:
    # 1 - p without the loss of digits near p = 1; a power of 0 below 1 has no gradient, hence the smallest number.
    missing = -torch.expm1(-negative_log_p)
    return missing.clamp(min=torch.finfo(missing.dtype).tiny) ** gamma * negative_log_p
