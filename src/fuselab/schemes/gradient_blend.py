"""Gradient-Blending: losses count by how well they generalise for what they overfit.

Shapes: B samples, C outputs, M modalities, L = 1 + M losses: the joint one, then those of the modalities.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import ClassVar

import torch
from torch import Tensor, nn

from fuselab.fusion.functional import check_at_least_one, unimodal_losses
from fuselab.models.fusion_model import DecisionFusionModel, FusionModel
from fuselab.schemes.base import Course, MakeHead, in_processes, sum_over_processes
from fuselab.schemes.heads import UnimodalScheme
from fuselab.types import Batch, Features, Lesson


class GradientBlend(UnimodalScheme):
    r"""The joint loss and those of the modalities, weighted anew every few epochs (online Gradient-Blending).

    .. math:: \mathcal{L} = w_0\, \ell(\text{output}, y) + \sum_m w_m \frac{1}{|B_m|} \sum_{i \in B_m} \ell(o_{im}, y_i)

    The weights of a super-epoch of n epochs come from trials: for each loss a copy of what it needs (the whole model,
    or one encoder with its head) starts from the present weights, is trained on that loss alone for n epochs, and is
    thrown away. From its mean losses on train (T) and validation (V), before and behind,

    .. math::
        O_l = (V'_l - T'_l) - (V_l - T_l), \qquad G_l = V_l - V'_l, \qquad
        w_l = \frac{1}{Z} \frac{\max(G_l, 0)}{O_l^2}, \qquad \sum_l w_l = 1.

    A loss that does not generalise gets no weight; if none does, all count alike. With ``every`` not less than
    ``trainer.max_epochs`` the weights are estimated once, which is offline Gradient-Blending. The ratio is one of two
    small numbers for a modality that neither learns nor overfits: look at the weights, which are logged.

    Trials are trained by the run's optimizer, afresh and at its full rate, on the train split in the order of the epoch
    that comes. Validation chooses the weights as well as the model, so this scheme looks at that split more often than
    others do; the test split stays shut.

    Costs three to four trainings instead of one: the trials of all modalities together take about one, the joint trial
    takes one, the training itself one, and measuring the rest; seconds are in the result as always.

    Args:
        every: epochs of a super-epoch, n

    Raises:
        ConfigError: a super-epoch of no epoch

    Example:
        >>> before = torch.tensor([[2.0, 2.0], [2.0, 2.0]])  # train, validation
        >>> behind = torch.tensor([[1.0, 0.5], [1.25, 1.5]])
        >>> blend(before, behind)  # 0.75 / 0.25² and 0.5 / 1²
        tensor([0.9600, 0.0400])

    Reference:
        Wang, Tran, Feiszli (2020), What Makes Training Multi-Modal Classification Networks Hard?, the
        overfitting-to-generalisation ratio, algorithm 1 (weights) and algorithm 2 (super-epochs).
    """

    whole: ClassVar[bool] = True
    weights: Tensor

    def __init__(self, *, every: int) -> None:
        super().__init__()
        check_at_least_one("scheme.every", every)
        self.every = every

    def attach(self, model: FusionModel, make_head: MakeHead) -> None:
        """Make the heads, and equal weights."""
        super().attach(model, make_head)
        losses = 1 + len(self.modalities)
        self.register_buffer("weights", torch.full((losses,), 1 / losses))

    def loss(self, joint: Tensor, lesson: Lesson) -> Tensor:
        """Blend the losses."""
        outputs_BMC = self.outputs(lesson.prediction, detached=False)
        losses_M = unimodal_losses(outputs_BMC, lesson.present, lesson.target, lesson.sample_loss)
        return self.weights[0] * joint + (self.weights[1:] * losses_M).sum()

    def before_epoch(self, course: Course) -> None:
        """Estimate the weights anew where a super-epoch begins."""
        if course.epoch % self.every:
            return
        before, behind = [], []
        for one in self._learners(course.model):
            learner = copy.deepcopy(one)
            before.append(_measure(learner, course))
            _train(learner, course, epochs=self.every)
            behind.append(_measure(learner, course))
        self.weights.copy_(blend(torch.stack(before, dim=1), torch.stack(behind, dim=1)))

    def report(self) -> dict[str, Tensor]:
        """Return the weights."""
        return dict(zip((f"weight/{name}" for name in ("joint", *self.modalities)), self.weights, strict=True))

    def _learners(self, model: FusionModel) -> Iterable[nn.Module]:
        yield _Joint(model)
        heads = model.heads if isinstance(model, DecisionFusionModel) else self.heads
        for name in self.modalities:
            yield _Alone(name, model.encoders[name], heads[name])


def blend(before_2L: Tensor, behind_2L: Tensor) -> Tensor:
    """Return the weights of losses from what they were on train and validation before a trial and behind it.

    Shape:
        - before_2L, behind_2L: (2, L), train then validation
        - output: (L,), sums to 1
    """
    (train_L, val_L), (train_after_L, val_after_L) = before_2L, behind_2L
    overfitting_L = (val_after_L - train_after_L) - (val_L - train_L)
    generalisation_L = (val_L - val_after_L).clamp(min=0)
    # A float has no ratio to a gap below its own precision.
    ratio_L = generalisation_L / overfitting_L.square().clamp(min=torch.finfo(val_L.dtype).eps ** 2)
    return torch.where(ratio_L.sum() > 0, ratio_L / ratio_L.sum(), torch.full_like(ratio_L, 1 / len(ratio_L)))


class _Joint(nn.Module):
    """The whole model: output, and which samples count."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return self.model(batch.inputs).output, torch.ones_like(batch.index, dtype=torch.bool)


class _Alone(nn.Module):
    """One encoder with its head: output, and which samples count."""

    def __init__(self, name: str, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.name = name
        self.encoder = encoder
        self.head = head

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        features: Features = self.encoder(batch.inputs[self.name].cleaned())
        return self.head(features.pooled()), features.present


def _losses(learner: nn.Module, batch: Batch, course: Course) -> Tensor:
    """Return the sum of a batch's losses and the number of samples that count."""
    with course.forward_context():
        output_BC, counts_B = learner(batch)
        losses_B = course.sample_loss(output_BC, batch.target)
    return torch.stack([torch.where(counts_B, losses_B, torch.zeros_like(losses_B)).sum(), counts_B.sum().to(losses_B)])


@torch.no_grad()
def _measure(learner: nn.Module, course: Course) -> Tensor:
    """Return the mean loss on train and on validation."""
    learner.eval()
    means = []
    for batches in (course.train, course.val):
        total = torch.zeros(2, dtype=torch.float64, device=next(learner.parameters()).device)
        for batch in batches():
            total += _losses(learner, batch, course).double()
        total = sum_over_processes(total)
        means.append(total[0] / total[1].clamp(min=1))
    return torch.stack(means)


def _train(learner: nn.Module, course: Course, *, epochs: int) -> None:
    parameters = [one for one in learner.parameters() if one.requires_grad]
    optimizer = course.make_optimizer(parameters)
    learner.train()
    for _ in range(epochs):
        for batch in course.train():
            optimizer.zero_grad()
            total, count = _losses(learner, batch, course)
            (total / count.clamp(min=1)).backward()
            if in_processes():
                for one in parameters:
                    if one.grad is not None:
                        one.grad = sum_over_processes(one.grad) / torch.distributed.get_world_size()
            if course.clip:
                nn.utils.clip_grad_norm_(parameters, course.clip)
            optimizer.step()
