"""What every fusion is built on: its modalities, in an order fixed at construction, and clean input.

Shapes: B samples, N tokens, D features, C outputs, M modalities.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from fuselab.errors import ConfigError, nearest
from fuselab.types import Features, Fused, cleaned, pooled

MAX_MODALITIES = 6
T = TypeVar("T")


class Fusion(nn.Module, ABC):
    """What every fusion knows: its modalities, in an order fixed at construction.

    Args:
        modalities: names in the order that the method uses, 1 to 6

    Raises:
        ConfigError: no modality, too many, or a name twice
    """

    def __init__(self, *, modalities: Sequence[str]) -> None:
        super().__init__()
        self.modalities = tuple(modalities)
        if not 1 <= len(self.modalities) <= MAX_MODALITIES or len(set(self.modalities)) != len(self.modalities):
            raise ConfigError(
                f"fusion.modalities ({list(self.modalities)}) must name 1 to {MAX_MODALITIES} different modalities; "
                "list each modality once"
            )

    def in_order(self, by_name: Mapping[str, T]) -> list[T]:
        """Return the values of a mapping in the order of construction, never in the mapping's own."""
        for name in self.modalities:
            if name not in by_name:
                raise ConfigError(
                    f"modality '{name}' must be in every batch, as present=False where it is missing; "
                    + nearest(name, by_name)
                )
        return [by_name[name] for name in self.modalities]


def dims_in_order(modalities: Sequence[str], dims: Mapping[str, int]) -> tuple[int, ...]:
    """Return the widths of modalities in their order.

    Raises:
        ConfigError: a modality without an encoder
    """
    missing = [name for name in modalities if name not in dims]
    if missing:
        raise ConfigError(f"fusion.modalities ({missing[0]}) must have an encoder; {nearest(missing[0], dims)}")
    return tuple(dims[name] for name in modalities)


class FeatureFusion(Fusion):
    """Features of all modalities → one representation (early and attention fusion).

    A method subclasses :class:`PooledFusion` or :class:`TokenFusion`.

    Args:
        modalities: names in the order that the method uses
        dims: width of each modality's tokens
        dim: width of the representation
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int) -> None:
        super().__init__(modalities=modalities)
        self.dims = dims_in_order(self.modalities, dims)
        self.dim = dim

    @abstractmethod
    def forward(self, features: Mapping[str, Features]) -> Fused:
        """Fuse; values of missing modalities and of padding can't change the result.

        Shape:
            - features: tokens (B, N_m, D_m) of each modality m
            - output: embedding (B, dim)
        """


class TokenFusion(FeatureFusion):
    """Tokens of all modalities → one representation.

    A subclass writes :meth:`fuse` only: it sees features in fixed order with zeros wherever they mean nothing.

    Args:
        modalities: names in the order that the method uses
        dims: width of each modality's tokens
        dim: width of the representation
    """

    def forward(self, features: Mapping[str, Features]) -> Fused:
        """Clean the features and fuse them."""
        return self.fuse(cleaned(self.in_order(features)))

    @abstractmethod
    def fuse(self, features: list[Features]) -> Fused:
        """Fuse cleaned features that stand in the order of ``self.modalities``."""


class PooledFusion(FeatureFusion):
    """One vector of each modality, the mean over its tokens → one representation.

    A subclass writes :meth:`fuse` only: it sees vectors in fixed order, zeros where a modality is missing.

    Args:
        modalities: names in the order that the method uses
        dims: width of each modality's tokens
        dim: width of the representation
    """

    def forward(self, features: Mapping[str, Features]) -> Fused:
        """Pool the features and fuse them."""
        ordered = self.in_order(features)
        return self.fuse(pooled(ordered), torch.stack([one.present for one in ordered], dim=1))

    @abstractmethod
    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Fuse vectors (B, D_m) that stand in the order of ``self.modalities``."""


class Decision(NamedTuple):
    """Several predictions made into one.

    Shape:
        - output: (B, C)
        - weights: (B, M), or None
    """

    output: Tensor
    weights: Tensor | None


DecisionSpace = Literal["probability", "value"]


class LateFusion(Fusion):
    """One output per modality → one output. The model gives each modality a head of its own.

    A method subclasses :class:`DecisionFusion` or :class:`InformedDecisionFusion`.

    Args:
        modalities: names in the order that the method uses
        space: what is combined: class probabilities, or values as they are
    """

    def __init__(self, *, modalities: Sequence[str], space: DecisionSpace) -> None:
        super().__init__(modalities=modalities)
        if space not in ("probability", "value"):
            raise ConfigError(f"fusion.space ({space}) must be 'probability' or 'value'; set it as the task asks")
        self.space = space

    def stacked(self, outputs: Mapping[str, Tensor], present_BM: Tensor) -> Tensor:
        """Return each modality's outputs in fixed order, zeros where it is missing.

        Shape:
            - output: (B, M, C)
        """
        return torch.where(present_BM[..., None], torch.stack(self.in_order(outputs), dim=1), 0.0)


class DecisionFusion(LateFusion):
    """One output per modality → one output (late fusion).

    A subclass writes :meth:`combine` only.

    Args:
        modalities: names in the order that the method uses
        space: what is combined: class probabilities, or values as they are
    """

    def forward(self, outputs: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Decision:
        """Combine; outputs of missing modalities can't change the result.

        Shape:
            - outputs: (B, C) of each modality: logits where space is ``probability``
            - present: (B,) of each modality
            - output: (B, C): log-probabilities where space is ``probability``
        """
        present_BM = torch.stack(self.in_order(present), dim=1)
        return self.combine(self.stacked(outputs, present_BM), present_BM)

    @abstractmethod
    def combine(self, outputs_BMC: Tensor, present_BM: Tensor) -> Decision:
        """Combine outputs in the order of ``self.modalities``, zeros where a modality is missing."""


class InformedDecisionFusion(LateFusion):
    """Late fusion that looks at the modalities' pooled features too, such as a gate on the input.

    A subclass writes :meth:`combine` only.

    Args:
        modalities: names in the order that the method uses
        dims: width of each modality's features
        space: what is combined: class probabilities, or values as they are
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], space: DecisionSpace) -> None:
        super().__init__(modalities=modalities, space=space)
        self.dims = dims_in_order(self.modalities, dims)

    def forward(
        self, outputs: Mapping[str, Tensor], present: Mapping[str, Tensor], pooled: Mapping[str, Tensor]
    ) -> Decision:
        """Combine; outputs and features of missing modalities can't change the result.

        Shape:
            - outputs: (B, C) of each modality: logits where space is ``probability``
            - present: (B,) of each modality
            - pooled: (B, D_m) of each modality m
            - output: (B, C): log-probabilities where space is ``probability``
        """
        present_BM = torch.stack(self.in_order(present), dim=1)
        rows = zip(self.in_order(pooled), present_BM.unbind(1), strict=True)
        clean = [torch.where(there_B[:, None], one, 0.0) for one, there_B in rows]
        return self.combine(self.stacked(outputs, present_BM), present_BM, clean)

    @abstractmethod
    def combine(self, outputs_BMC: Tensor, present_BM: Tensor, pooled: list[Tensor]) -> Decision:
        """Combine outputs with a look at features, both in the order of ``self.modalities``, zeros where missing."""
