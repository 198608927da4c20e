"""What a step between the data and an encoder has to be.

Shapes: B samples, T steps, F numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from fuselab.data.transforms.draws import Draws
from fuselab.types import ModalityInput


class Takes(NamedTuple):
    """What values a step can work on.

    Args:
        words: for a message
        dims: numbers of dimensions, samples included
        floats: whether they are floating-point numbers, or whole ones such as token ids
    """

    words: str
    dims: tuple[int, ...]
    floats: bool

    def fits(self, values: Tensor) -> bool:
        """Say whether values are of this kind."""
        return values.dim() in self.dims and values.is_floating_point() == self.floats


IMAGES = Takes("images (B, channels, height, width)", (4,), True)
WAVES = Takes("waves (B, T)", (2,), True)
FRAMES = Takes("frames of a sequence (B, T, F)", (3,), True)
TOKENS = Takes("token ids (B, T)", (2,), False)
NUMBERS = Takes("numbers (B, …)", (2, 3, 4), True)


class TextTransform(ABC):
    """A step on the text itself, before the tokenizer learns from it or cuts it up."""

    @abstractmethod
    def __call__(self, text: str) -> str:
        """Return the text changed."""


class Transform(ABC):
    """A step on the values of one modality.

    It receives cleaned input: zeros stand wherever a sample lacks the modality or is padded. It may change the mask,
    never which samples have the modality; what it writes where nothing is real is zeroed behind it.
    """

    takes: ClassVar[Takes]
    after_prepare: ClassVar[bool] = False  # whether it works on what the encoder prepares, such as a spectrogram


class FixedTransform(Transform):
    """A step that does the same every time: done once, in every split."""

    @abstractmethod
    def apply(self, modality: ModalityInput) -> ModalityInput:
        """Return the input changed."""


class FittedTransform(FixedTransform):
    """A step that learns from the train split before it is applied to any."""

    def __init__(self) -> None:
        self.state: Mapping[str, Tensor] = {}  # all that was learned; empty before

    @abstractmethod
    def fit(self, train: ModalityInput, target: Tensor) -> None:
        """Learn from the train split, and set ``state``.

        Args:
            train: as the steps before this one leave it, random ones left out
            target: (S,) or (S, C)
        """


class RandomTransform(Transform):
    """A step that differs by sample and epoch: in training only, batch by batch."""

    @abstractmethod
    def apply(self, modality: ModalityInput, draws: Draws) -> ModalityInput:
        """Return the input changed.

        Args:
            modality: a batch
            draws: each sample's own random numbers
        """


def real_rows(modality: ModalityInput) -> Tensor:
    """Return what is real as rows of numbers: each present sample, or each real step of one.

    Shape:
        - output: (R, F)

    Example:
        >>> there = torch.tensor([True, False])
        >>> real_rows(ModalityInput(torch.tensor([[1.0, 2.0], [0.0, 0.0]]), None, there))
        tensor([[1., 2.]])
    """
    if modality.mask is None:
        return modality.values[modality.present].flatten(1)
    return modality.values[modality.mask & modality.present[:, None]].flatten(1)


def each(factor_B: Tensor, values: Tensor) -> Tensor:
    """Return one number a sample in a shape that spreads over values.

    Shape:
        - factor_B: (B,), values: (B, …)
        - output: (B, 1, …)
    """
    return factor_B.view(-1, *[1] * (values.dim() - 1))


def steps_of(values: Tensor) -> Tensor:
    """Return the numbers of the steps of sequences.

    Shape:
        - values: (B, T, …)
        - output: (1, T)
    """
    return torch.arange(values.shape[1], device=values.device)[None]
