"""Zeros wherever values mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

_BITS = {8: torch.int64, 4: torch.int32, 2: torch.int16}  # by the bytes of a number


def zeroed(values: Sequence[Tensor], real: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return floating-point tensors with zeros where they mean nothing, whatever stands there, NaN included.

    Args:
        values: of any size
        real: for each of them, True where it means something, without its last dimensions

    Shape:
        - values: (B, …) each
        - real: (B,) or (B, N), and so on
        - output: like values

    Example:
        >>> zeroed([torch.tensor([[1.0, 2.0], [torch.nan, 3.0]])], [torch.tensor([True, False])])
        (tensor([[1., 2.],
                [0., 0.]]),)
    """
    wide = [there.view(*there.shape, *[1] * (one.dim() - there.dim())) for one, there in zip(values, real, strict=True)]
    kept: tuple[Tensor, ...] = _Zeroed.apply(*values, *wide)  # type: ignore[no-untyped-call]
    return kept


def means(values: Sequence[Tensor], real: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return the mean over the real tokens of each of some floating-point tensors; zeros where there are none.

    Args:
        values: tokens, of any number and width
        real: for each of them, True where a token means something

    Shape:
        - values: (B, N, D) each
        - real: (B, N) each
        - output: (B, D) each

    Example:
        >>> means([torch.tensor([[[1.0], [3.0], [torch.nan]]])], [torch.tensor([[True, True, False]])])
        (tensor([[2.]]),)
    """
    pooled: tuple[Tensor, ...] = _Means.apply(*values, *(there[..., None] for there in real))  # type: ignore[no-untyped-call]
    return pooled


class _Zeroed(torch.autograd.Function):
    """Multiply the bits of numbers by 1 or 0, for 0 · NaN is 0 only so; on a CPU ``torch.where`` takes 4 times as long.

    All tensors at once, since autograd's way into Python costs as much as the multiplication of a small one.
    """

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> tuple[Tensor, ...]:
        values, real = tensors[: len(tensors) // 2], tensors[len(tensors) // 2 :]
        ctx.save_for_backward(*real)
        return tuple(_times(one, there) for one, there in zip(values, real, strict=True))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        real = ctx.saved_tensors
        return *(gradient * there for gradient, there in zip(gradients, real, strict=True)), *([None] * len(real))


class _Means(torch.autograd.Function):
    """Zero and average at once: no step of its own for the division and the sum on autograd's way back."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> tuple[Tensor, ...]:
        values, real = tensors[: len(tensors) // 2], tensors[len(tensors) // 2 :]
        weights = [there.to(one.dtype) for one, there in zip(values, real, strict=True)]
        counts = [weight.sum(1).clamp(min=1) for weight in weights]
        ctx.save_for_backward(*weights, *counts)
        return tuple(_times(one, there).sum(1) / count for one, there, count in zip(values, real, counts, strict=True))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors
        weights, counts = saved[: len(gradients)], saved[len(gradients) :]
        shared = (
            (one / count)[:, None] * weight for one, count, weight in zip(gradients, counts, weights, strict=True)
        )
        return *shared, *([None] * len(weights))


def _times(values: Tensor, real: Tensor) -> Tensor:
    return (values.view(_BITS[values.element_size()]) * real).view(values.dtype)
