"""One class a sample.

Shapes: B samples, C classes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from fuselab.errors import ConfigError
from fuselab.tasks.base import Task
from fuselab.tasks.classification_metrics import ClassificationMetrics
from fuselab.tasks.imbalance import INVERSE, check_gamma, check_weights, focal_loss, inverse_frequency
from fuselab.types import SampleLoss


class ClassificationTask(Task):
    r"""Cross-entropy; accuracy, macro-F1 and expected calibration error, and the accuracy of each slice.

    For classes of unequal size the loss of a sample may be weighted by its class, focused on what is hard, or both:

    .. math:: \ell = w_y \, (1 - p_y)^\gamma \, (-\log p_y)

    Its mean is over samples, not over weights: shares of a batch on several devices add up to the whole.

    Args:
        config: resolved config of the run, plain values only

    Raises:
        ConfigError: weights or a focus that can't be, or a focus on smoothed labels
    """

    def configure_losses(self) -> None:
        """Cross-entropy. Late fusion gives log-probabilities, whose softmax is themselves."""
        task = self.config["task"]
        smoothing, gamma, weights = task["label_smoothing"], task["focal_gamma"], task["class_weights"]
        check_gamma(gamma)
        check_weights("task.class_weights", weights, number=task["classes"])
        if gamma and smoothing:
            raise ConfigError(
                f"task.label_smoothing ({smoothing}) must be 0 for the focal loss, which is of hard labels; "
                "set task.label_smoothing=0"
            )
        plain = partial(nn.functional.cross_entropy, reduction="none", label_smoothing=smoothing)
        self.sample_loss: SampleLoss = partial(focal_loss, gamma=gamma) if gamma else plain
        if weights is not None:
            given = torch.ones(task["classes"]) if weights == INVERSE else torch.tensor(weights, dtype=torch.float32)
            self.register_buffer("class_weight_C", given)
            self.sample_loss = partial(self._weighted, self.sample_loss)
        weighed = gamma or weights is not None
        self.loss = self._mean_loss if weighed else nn.CrossEntropyLoss(label_smoothing=smoothing)

    def weigh(self, train_target: Callable[[], Tensor]) -> None:
        """Weigh classes by the train split, where asked."""
        task = self.config["task"]
        if task["class_weights"] == INVERSE:
            counted_C = inverse_frequency(train_target(), classes=task["classes"])
            self.class_weight_C: Tensor = counted_C.to(self.class_weight_C)

    def make_metrics(self) -> ClassificationMetrics:
        """Make what validation or test reports."""
        task = self.config["task"]
        return ClassificationMetrics(
            classes=task["classes"], calibration_bins=task["calibration_bins"], slices=task["slices"]
        )

    def _weighted(self, sample_loss: SampleLoss, logits_BC: Tensor, target_B: Tensor) -> Tensor:
        return self.class_weight_C[target_B] * sample_loss(logits_BC, target_B)

    def _mean_loss(self, logits_BC: Tensor, target_B: Tensor) -> Tensor:
        return self.sample_loss(logits_BC, target_B).mean()
