"""What several fusions need: presence, weights over the present modalities, numbers wide enough for them.

Shapes: B samples, M modalities.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fuselab.types import Features


def stack_presence(features: Sequence[Features]) -> Tensor:
    """Return which modalities each sample has.

    Shape:
        - output: (B, M), bool

    Example:
        >>> tokens, mask = torch.zeros(2, 1, 3), torch.ones(2, 1, dtype=torch.bool)
        >>> image = Features(tokens, mask, torch.tensor([True, False]))
        >>> audio = Features(tokens, mask, torch.tensor([True, True]))
        >>> stack_presence([image, audio]).tolist()
        [[True, True], [False, True]]
    """
    return torch.stack([one.present for one in features], dim=1)


def at_least_float32(numbers: Tensor) -> Tensor:
    """Return numbers in which shares of one sum to one: bfloat16 keeps 8 bits only.

    Example:
        >>> at_least_float32(torch.ones(1, dtype=torch.bfloat16)).dtype, at_least_float32(torch.ones(1).double()).dtype
        (torch.float32, torch.float64)
    """
    return numbers.to(torch.promote_types(numbers.dtype, torch.float32))


def log_softmax_over_present(scores: Tensor, present_BM: Tensor) -> Tensor:
    """Return the logarithm of a softmax over the present modalities.

    A sample without any modality gets uniform weights, so that what is computed from them stays finite.

    Args:
        scores: the higher, the more a modality counts; one row for all samples, or a row each
        present_BM: where a sample has a modality

    Shape:
        - scores: (M,) or (B, M)
        - output: (B, M), float32 or wider; about -3e38 where a modality is missing

    Example:
        >>> present = torch.tensor([[True, True], [True, False], [False, False]])
        >>> log_softmax_over_present(torch.zeros(2), present).exp()
        tensor([[0.5000, 0.5000],
                [1.0000, 0.0000],
                [0.5000, 0.5000]])
    """
    scores_BM = at_least_float32(scores).expand(present_BM.shape)
    # The lowest finite number, not -inf: a row of -inf alone makes the softmax and its gradient NaN.
    return scores_BM.masked_fill(~present_BM, torch.finfo(scores_BM.dtype).min).log_softmax(dim=1)


def softmax_over_present(scores: Tensor, present_BM: Tensor) -> Tensor:
    """Return a softmax over the present modalities; zeros where a sample has none.

    Args:
        scores: the higher, the more a modality counts; one row for all samples, or a row each
        present_BM: where a sample has a modality

    Shape:
        - scores: (M,) or (B, M)
        - output: (B, M), float32 or wider

    Example:
        >>> present = torch.tensor([[True, True], [True, False], [False, False]])
        >>> softmax_over_present(torch.zeros(2), present)
        tensor([[0.5000, 0.5000],
                [1.0000, 0.0000],
                [0.0000, 0.0000]])
    """
    return log_softmax_over_present(scores, present_BM).exp() * present_BM
