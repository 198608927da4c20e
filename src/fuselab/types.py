"""The contracts between data, encoders, fusion, heads and tasks.

Shapes: B samples, T input steps, N tokens, D features, C outputs, M modalities.
What travels through a model is a named tuple: ``torch.compile`` and DDP see through it without help.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from fuselab.masking import means, zeroed


class ModalityInput(NamedTuple):
    """One modality of a batch as the data gives it.

    Shape:
        - values: (B, …)
        - mask: (B, T), True where real; None where every sample has the same shape
        - present: (B,), bool; where False the values mean nothing
    """

    values: Tensor
    mask: Tensor | None
    present: Tensor

    def to(self, device: torch.device | str) -> ModalityInput:
        """Return the input on a device."""
        mask = None if self.mask is None else self.mask.to(device)
        return ModalityInput(self.values.to(device), mask, self.present.to(device))

    def cleaned(self) -> ModalityInput:
        """Return the same input with zeros wherever the values mean nothing, so that they can't matter."""
        real = self.present.view(-1, *[1] * (self.values.dim() - 1))
        mask = self.mask
        if mask is not None:
            mask = mask & self.present[:, None]
            real = mask.view(*mask.shape, *[1] * (self.values.dim() - 2))
        return ModalityInput(torch.where(real, self.values, torch.zeros_like(self.values)), mask, self.present)


@dataclass(frozen=True)
class Batch:
    """Aligned samples: every modality of every sample, present or not.

    Shape:
        - target: (B,) or (B, C)
        - index: (B,), row of the sample in its split, by which every prediction can be traced
        - slice: (B,), number of the sample's group, or None
    """

    inputs: dict[str, ModalityInput]
    target: Tensor
    index: Tensor
    slice: Tensor | None

    def to(self, device: torch.device | str) -> Batch:
        """Return the batch on a device."""
        return Batch(
            inputs={name: one.to(device) for name, one in self.inputs.items()},
            target=self.target.to(device),
            index=self.index.to(device),
            slice=None if self.slice is None else self.slice.to(device),
        )


class Features(NamedTuple):
    """What an encoder makes of a modality; a pooled vector is N = 1.

    Shape:
        - tokens: (B, N, D)
        - mask: (B, N), True where real
        - present: (B,), bool
    """

    tokens: Tensor
    mask: Tensor
    present: Tensor

    def cleaned(self) -> Features:
        """Return the same features with zeros in padding and in missing modalities, and a mask that knows both."""
        return cleaned([self])[0]

    def pooled(self) -> Tensor:
        """Return the mean over the real tokens, zeros where there are none.

        Shape:
            - output: (B, D)
        """
        return pooled([self])[0]


def cleaned(features: Sequence[Features]) -> list[Features]:
    """Return all of some features cleaned, faster than one by one."""
    masks = _real(features)
    tokens = zeroed([one.tokens for one in features], masks)
    return [Features(token, mask, one.present) for token, mask, one in zip(tokens, masks, features, strict=True)]


def pooled(features: Sequence[Features]) -> list[Tensor]:
    """Return the mean over the real tokens of all of some features, (B, D) each, faster than one by one."""
    return list(means([one.tokens for one in features], _real(features)))


def _real(features: Sequence[Features]) -> list[Tensor]:
    return [one.mask & one.present[:, None] for one in features]


class Fused(NamedTuple):
    """One representation of all modalities.

    Shape:
        - embedding: (B, D)
        - weights: (B, M), how much each modality counted (rows sum to 1 over the present ones), or None
    """

    embedding: Tensor
    weights: Tensor | None


class Prediction(NamedTuple):
    """What a model says of a batch.

    Shape:
        - output: (B, C), logits or values
        - embedding: (B, D), or None for decision fusion
        - weights: (B, M), or None where the method knows none
        - per_modality: (B, M, C) outputs of the single modalities, or None where the method has none
        - features: what the encoders made of each modality, tokens (B, N_m, D_m)
    """

    output: Tensor
    embedding: Tensor | None
    weights: Tensor | None
    per_modality: Tensor | None
    features: dict[str, Features]


SampleLoss = Callable[[Tensor, Tensor], Tensor]  # outputs (B, C) and targets → (B,)


class Lesson(NamedTuple):
    """One batch of training: what was predicted of it, and what is true.

    Shape:
        - present: (B, M), in the order of the fusion's modalities
        - target: (B,) or (B, C)
        - sample_loss: the task's loss, sample by sample
        - epoch: number of the epoch, from 0
    """

    prediction: Prediction
    present: Tensor
    target: Tensor
    sample_loss: SampleLoss
    epoch: int


class OwnLoss(ABC):
    """Mixed into a fusion that the task's loss of its output alone can't teach, such as stacking."""

    @abstractmethod
    def own_loss(self, lesson: Lesson) -> Tensor:
        """Return what training minimises instead, a scalar."""


class Origin(NamedTuple):
    """The model that an encoder began with, which others trained.

    Args:
        name: of the model
        sha256: of its weights
        settings: whatever else the features depend on
        frozen: whether it stays as it is, so that :meth:`Encoder.prepare` gives its features
    """

    name: str
    sha256: str
    settings: str
    frozen: bool


class Encoder(nn.Module, ABC):
    """One modality's input → features, in two steps.

    Both receive cleaned input: zeros stand wherever a sample lacks the modality or is padded.

    Args:
        dim: width of the tokens it gives
    """

    def __init__(self, *, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def prepare(self, modality: ModalityInput) -> ModalityInput:
        """Do what has no trained parameters, such as a spectrogram: once for data held in memory, not once an epoch."""
        return modality

    def origin(self) -> Origin | None:
        """Return the pretrained model that it began with; None where it began with weights drawn at random."""
        return None

    def frozen_parameters(self) -> int:
        """Return how many parameters :meth:`prepare` uses that are neither trained nor in the state dict."""
        return 0

    def release(self) -> None:
        """Give back the memory that only :meth:`prepare` needs."""

    def rates(self) -> list[tuple[float, list[nn.Parameter]]]:
        """Return parameters that learn at another rate, with the factors of the optimizer's learning rate."""
        return []

    @abstractmethod
    def forward(self, modality: ModalityInput) -> Features:
        """Encode prepared input."""
