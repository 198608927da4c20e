"""What several fusions need: a common space, weights and means over the present modalities, checks.

Shapes: B samples, C outputs, D features, M modalities.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fuselab.errors import ConfigError, nearest
from fuselab.types import SampleLoss


def project_present(layers: nn.ModuleList, pooled: Sequence[Tensor], present_BM: Tensor, *, missing: float) -> Tensor:
    """Return the pooled features of all modalities in one common space, and one number wherever a modality is missing.

    Args:
        layers: the map of each modality into the common space
        pooled: features in the order of the maps
        present_BM: where a sample has a modality
        missing: what changes nothing in the method, such as 0 in a sum and 1 in a product

    Shape:
        - pooled: (B, D_m) of each modality m
        - output: (B, M, D)

    Example:
        >>> present = torch.tensor([[True], [False]])
        >>> project_present(nn.ModuleList([nn.Linear(3, 2)]), [torch.ones(2, 3)], present, missing=1.0)[1].tolist()
        [[1.0, 1.0]]
    """
    projected_BMD = torch.stack([layer(one) for layer, one in zip(layers, pooled, strict=True)], dim=1)
    return torch.where(present_BM[..., None], projected_BMD, missing)


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
    return scores_BM.masked_fill(~present_BM, torch.finfo(scores_BM.dtype).min).log_softmax(dim=-1)


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


def mean_over_modalities(values: Tensor, present_BM: Tensor) -> Tensor:
    """Return each sample's mean over the modalities that it has; zeros where a sample has none.

    Args:
        values: of each modality
        present_BM: where a sample has a modality

    Shape:
        - values: (B, M, ...)
        - output: (B, ...)

    Example:
        >>> present = torch.tensor([[True, True], [True, False], [False, False]])
        >>> mean_over_modalities(torch.tensor([[1.0, 3.0]]).expand(3, 2), present)
        tensor([2., 1., 0.])
    """
    real = present_BM.view(*present_BM.shape, *[1] * (values.dim() - 2))
    count = real.sum(1).clamp(min=1)
    return torch.where(real, values, torch.zeros_like(values)).sum(1) / count.to(values.dtype)


def unimodal_losses(outputs_BMC: Tensor, present_BM: Tensor, target: Tensor, sample_loss: SampleLoss) -> Tensor:
    """Return each modality's loss: the mean over the samples that have it, 0 where none has.

    Shape:
        - target: (B,) or (B, C)
        - output: (M,)

    Example:
        >>> outputs = torch.tensor([[[0.0], [4.0]], [[1.0], [9.0]]])
        >>> present = torch.tensor([[True, True], [True, False]])
        >>> squared = lambda output, target: (output - target).square().sum(-1)
        >>> unimodal_losses(outputs, present, torch.ones(2, 1), squared).tolist()
        [0.5, 9.0]
    """
    losses_BM = torch.stack([sample_loss(one, target) for one in outputs_BMC.unbind(1)], dim=1)
    return mean_over_samples(losses_BM, present_BM)


def mean_over_samples(numbers_BM: Tensor, present_BM: Tensor) -> Tensor:
    """Return each modality's mean over the samples that have it, 0 where none has.

    Shape:
        - output: (M,)

    Example:
        >>> mean_over_samples(torch.tensor([[1.0, 5.0], [3.0, 7.0]]), torch.tensor([[True, False], [True, False]]))
        tensor([2., 0.])
    """
    counted_BM = torch.where(present_BM, numbers_BM, torch.zeros_like(numbers_BM))
    return counted_BM.sum(0) / present_BM.sum(0).clamp(min=1)


def check_choice(name: str, value: str, known: Sequence[str]) -> None:
    """Refuse a word that a method does not know.

    Args:
        name: where it stands in the config
        value: what stands there
        known: what may stand there

    Raises:
        ConfigError: an unknown word

    Example:
        >>> check_choice("fusion.cell", "gru", ["lstm", "gru"])
    """
    if value not in known:
        raise ConfigError(f"{name} ({value}) must be one of: {', '.join(known)}; {nearest(str(value), known)}")


def check_at_least_one(name: str, value: int) -> None:
    """Refuse a size that leaves nothing to compute with.

    Args:
        name: where it stands in the config
        value: what stands there

    Raises:
        ConfigError: a value below 1

    Example:
        >>> check_at_least_one("fusion.rank", 4)
    """
    if value < 1:
        raise ConfigError(f"{name} ({value}) must be at least 1; raise it")
