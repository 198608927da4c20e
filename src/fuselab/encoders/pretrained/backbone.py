"""What an encoder asks of a model that others trained, whatever library it comes from.

Shapes: B samples, T input steps, N tokens, H features of the backbone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from fuselab.types import ModalityInput


class Backbone(ABC):
    """A pretrained model, known by its files until somebody needs its weights.

    Args:
        name: of the config, for messages
        width: H
        sha256: of its weights and of the configs beside them
        settings: of the config, that change what it makes of an input
    """

    class_token = True  # whether the first token stands for all
    grows = False  # whether it asks for inputs much bigger than the data's, which are made batch by batch then
    alone = False  # whether padding reaches its tokens, so that clips of different lengths can't share a batch

    def __init__(self, *, name: str, width: int, sha256: str, settings: str) -> None:
        self.name = name
        self.width = width
        self.sha256 = sha256
        self.settings = settings

    @abstractmethod
    def ready(self, modality: ModalityInput) -> ModalityInput:
        """Do what the model asks of its input and has no parameters, such as resizing."""

    @abstractmethod
    def load(self) -> nn.Module:
        """Return the model with its weights, without parts that :meth:`tokens` doesn't use."""

    @abstractmethod
    def tokens(self, module: nn.Module, ready: ModalityInput) -> tuple[Tensor, Tensor | None]:
        """Return what the model makes of an input.

        Shape:
            - output: tokens (B, N, H); mask (B, N), or None where all are real
        """

    def count(self, steps: int) -> int:
        """Return how many tokens an input of so many steps has."""
        return steps

    @abstractmethod
    def layers(self, module: nn.Module) -> list[nn.Module]:
        """Return the layers from the input to the output; what stands before them counts as layer 0."""
