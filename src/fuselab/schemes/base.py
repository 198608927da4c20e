"""What every training scheme may change: the inputs, the loss, the gradients, and what happens before an epoch.

A scheme goes with any fusion. It is plain PyTorch: the task holds one and calls it, so what it keeps is in checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from fuselab.errors import ConfigError
from fuselab.models.fusion_model import FusionModel
from fuselab.types import Batch, Lesson, ModalityInput, OwnLoss, SampleLoss

MakeHead = Callable[[str], nn.Module]  # name of a modality → a head for its pooled features


@dataclass(frozen=True, kw_only=True)
class Course:
    """What a scheme may look at before an epoch: train and validation data, never the test split.

    Args:
        epoch: that comes, from 0
        model: as it is now
        train: batches of the train split, on the model's device
        val: batches of the validation split, on the model's device
        sample_loss: the task's loss, sample by sample
        make_optimizer: a fresh one as the task's, for some parameters
        clip: largest norm of a gradient, or None
        forward_context: what a forward pass has to run in, for its precision
    """

    epoch: int
    model: FusionModel
    train: Callable[[], Iterable[Batch]]
    val: Callable[[], Iterable[Batch]]
    sample_loss: SampleLoss
    make_optimizer: Callable[[list[nn.Parameter]], Optimizer]
    clip: float | None
    forward_context: Callable[[], AbstractContextManager[None]]


class Scheme(nn.Module):
    """Training as it is: the loss of the prediction and nothing else. Every other scheme changes some of it.

    Example:
        >>> scheme = Scheme()
        >>> scheme.change_inputs({}), scheme.report()
        ({}, {})
    """

    several: ClassVar[bool] = False  # whether it makes sense for more than one modality only
    teaches: ClassVar[bool] = False  # whether it adds losses of single modalities
    whole: ClassVar[bool] = False  # whether each process has to hold the whole model and its gradients

    def check(self, model: FusionModel, *, strategy: str) -> None:
        """Refuse a model that the scheme can't go with.

        Args:
            model: to be trained
            strategy: name of the trainer's

        Raises:
            ConfigError: a unimodal model, a fusion that has its own losses, or a model in shares
        """
        name = type(self).__name__
        if self.several and len(model.modalities) < 2:
            raise ConfigError(
                f"fusion.modalities ({', '.join(model.modalities)}) must be two or more for scheme {name}; "
                "choose scheme=none for a unimodal model"
            )
        if self.teaches and isinstance(model.fusion, OwnLoss):
            raise ConfigError(
                f"fusion ({type(model.fusion).__name__}) must not have losses of its own for scheme {name}, which adds "
                "others; choose scheme=none or scheme=modality_dropout, or another fusion"
            )
        if self.whole and "fsdp" in strategy.lower():
            raise ConfigError(
                f"trainer.strategy ({strategy}) must leave the model whole for scheme {name}; choose trainer=ddp"
            )

    def attach(self, model: FusionModel, make_head: MakeHead) -> None:
        """Make what the scheme needs for this model."""

    def change_inputs(self, inputs: Mapping[str, ModalityInput]) -> Mapping[str, ModalityInput]:
        """Return what the model sees of a training batch."""
        return inputs

    def loss(self, joint: Tensor, lesson: Lesson) -> Tensor:
        """Return what training minimises.

        Args:
            joint: loss of the model by itself
            lesson: the batch
        """
        return joint

    def change_gradients(self, model: FusionModel) -> None:
        """Change the gradients of a step, before they are clipped."""

    def before_epoch(self, course: Course) -> None:
        """Do what is due before an epoch."""

    def report(self) -> dict[str, Tensor]:
        """Return numbers of the step to log, by name; the log keeps their mean over an epoch."""
        return {}


def sum_over_processes(number: Tensor) -> Tensor:
    """Return the sum over all processes of the run; the tensor itself where there is one.

    Example:
        >>> sum_over_processes(torch.tensor([1.0, 2.0]))
        tensor([1., 2.])
    """
    if in_processes():
        number = number.clone()
        torch.distributed.all_reduce(number)
    return number


def in_processes() -> bool:
    """Say whether the run has several processes.

    Example:
        >>> in_processes()
        False
    """
    there = torch.distributed.is_available() and torch.distributed.is_initialized()
    return there and torch.distributed.get_world_size() > 1


def against_the_others(scores_M: Tensor, seen_M: Tensor) -> Tensor:
    r"""Return how each modality's score compares with the mean of the others'.

    .. math:: \rho_m = s_m \Big/ \frac{1}{M - 1} \sum_{k \ne m} s_k

    With two modalities that is the papers' ratio of one to the other.

    Args:
        scores_M: positive
        seen_M: where there was any sample; a modality without one is left out, and its ratio is 1

    Example:
        >>> everyone = torch.tensor([True, True, True])
        >>> against_the_others(torch.tensor([0.6, 0.2, 0.4]), everyone)
        tensor([2.0000, 0.4000, 1.0000])
        >>> against_the_others(torch.tensor([0.6, 0.2, 0.0]), torch.tensor([True, True, False]))
        tensor([3.0000, 0.3333, 1.0000])
    """
    counted_M = torch.where(seen_M, scores_M, torch.zeros_like(scores_M))
    others_M = (counted_M.sum() - counted_M) / (seen_M.sum() - seen_M.long()).clamp(min=1)
    compared = seen_M & (seen_M.sum() > 1)
    smallest = torch.finfo(scores_M.dtype).tiny
    return torch.where(compared, counted_M / others_M.clamp(min=smallest), torch.ones_like(counted_M))
