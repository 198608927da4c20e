"""What every task shares: a model, an optimizer, a schedule, and three things to configure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.utilities.enums import GradClipAlgorithmType
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import nn
from torch.optim import Optimizer

from fuselab.instantiate import instantiate
from fuselab.models.build import build_model


class Task(pl.LightningModule, ABC):
    """A LightningModule around a fusion model; the model itself knows nothing of training.

    A checkpoint holds the plain config and the weights, so ``load_from_checkpoint`` needs nothing else.

    Args:
        config: resolved config of the run, plain values only
    """

    def __init__(self, *, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.config = dict(config)
        self.save_hyperparameters({"config": self.config}, logger=False)
        self.configure_models()
        self.configure_losses()
        self.configure_metrics()

    def configure_models(self) -> None:
        """Build the model."""
        self.model = build_model(self.config)

    @abstractmethod
    def configure_losses(self) -> None:
        """Set what training minimises."""

    @abstractmethod
    def configure_metrics(self) -> None:
        """Set what validation and test report."""

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Make the optimizer, and its schedule step by step."""
        optimizer = instantiate(self.config["optimizer"], params=list(self.parameters()))
        steps = int(self.trainer.estimated_stepping_batches)
        scheduler = self.config["scheduler"]
        known = {"total_steps": steps} if scheduler["_target_"].startswith("fuselab.") else {"total_iters": steps}
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": instantiate(scheduler, optimizer=optimizer, **known), "interval": "step"},
        }

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: int | float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip gradients, also for a fused optimizer under bfloat16.

        Lightning refuses that pair because a fused optimizer may undo a loss scaling by itself; bfloat16 has none.
        """
        by_norm = gradient_clip_algorithm in (None, "norm", GradClipAlgorithmType.NORM)
        if gradient_clip_val and by_norm and getattr(self.trainer.precision_plugin, "scaler", None) is None:
            nn.utils.clip_grad_norm_(self.parameters(), gradient_clip_val)
        else:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
