"""Several labels a sample, each there or not.

Shapes: B samples, C labels.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from fuselab.errors import DataError
from fuselab.tasks.base import Task
from fuselab.tasks.imbalance import INVERSE, binary_focal_loss, check_gamma, check_weights, positive_weights
from fuselab.tasks.multilabel_metrics import MultilabelMetrics


class MultilabelTask(Task):
    r"""Binary cross-entropy of each label; F1, mean average precision, subset accuracy, also for each slice.

    Targets are (B, C) of 0 and 1. Late fusion combines logits as values: a softmax over labels would let them exclude
    one another, and the mean of logits is the log of the geometric mean of odds. For rare labels positives may be
    weighted, the loss focused on what is hard, or both:

    .. math:: \ell = \frac{1}{C} \sum_c w_c^{y_c} \, (1 - p_c)^\gamma \, (-\log p_c), \qquad
        p_c = \sigma(o_c) \text{ if } y_c = 1 \text{ else } 1 - \sigma(o_c)

    Args:
        config: resolved config of the run, plain values only

    Raises:
        ConfigError: weights or a focus that can't be
    """

    def configure_losses(self) -> None:
        """Binary cross-entropy on logits, the mean over labels."""
        task = self.config["task"]
        check_gamma(task["focal_gamma"])
        check_weights("task.positive_weights", task["positive_weights"], number=task["labels"])
        weights = task["positive_weights"]
        if weights is not None:
            given = torch.ones(task["labels"]) if weights == INVERSE else torch.tensor(weights, dtype=torch.float32)
            self.register_buffer("positive_weight_C", given)
        self.sample_loss = self._sample_loss
        self.loss = self._mean_loss

    def weigh(self, train_target: Callable[[], Tensor]) -> None:
        """Weigh positives by the train split, where asked."""
        if self.config["task"]["positive_weights"] == INVERSE:
            self.positive_weight_C: Tensor = positive_weights(train_target()).to(self.positive_weight_C)

    def make_metrics(self) -> MultilabelMetrics:
        """Make what validation or test reports."""
        task = self.config["task"]
        return MultilabelMetrics(labels=task["labels"], threshold=task["threshold"], slices=task["slices"])

    def _sample_loss(self, logits_BC: Tensor, target_BC: Tensor) -> Tensor:
        if target_BC.shape != logits_BC.shape:
            raise DataError(
                f"the targets {tuple(target_BC.shape)} must be 0 or 1 for each sample and label "
                f"{tuple(logits_BC.shape)}; set data.outputs to the number of labels, or choose another task"
            )
        task, labels_BC = self.config["task"], target_BC.to(logits_BC.dtype)
        if task["focal_gamma"]:
            loss_BC = binary_focal_loss(logits_BC, labels_BC, gamma=task["focal_gamma"])
        else:
            loss_BC = functional.binary_cross_entropy_with_logits(logits_BC, labels_BC, reduction="none")
        if task["positive_weights"] is not None:
            loss_BC = torch.where(labels_BC > 0, self.positive_weight_C, 1.0) * loss_BC
        return loss_BC.mean(1)

    def _mean_loss(self, logits_BC: Tensor, target_BC: Tensor) -> Tensor:
        return self.sample_loss(logits_BC, target_BC).mean()
