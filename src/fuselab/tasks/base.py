"""What every task shares: a model and its training scheme, an optimizer, a schedule, and three things to configure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.enums import GradClipAlgorithmType
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer

from fuselab.errors import ConfigError
from fuselab.instantiate import instantiate
from fuselab.models.build import build_model
from fuselab.schemes.base import Course
from fuselab.schemes.build import build_scheme
from fuselab.types import Batch, Lesson, OwnLoss, SampleLoss


class Task(pl.LightningModule, ABC):
    """A LightningModule around a fusion model; the model itself knows nothing of training.

    A checkpoint holds the plain config and the weights, so ``load_from_checkpoint`` needs nothing else.

    Args:
        config: resolved config of the run, plain values only
    """

    loss: nn.Module  # of outputs and targets, a mean over samples
    sample_loss: SampleLoss  # the same, sample by sample

    def __init__(self, *, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.config = dict(config)
        self.save_hyperparameters({"config": self.config}, logger=False)
        self.configure_models()
        self.configure_losses()
        self.configure_metrics()

    def configure_models(self) -> None:
        """Build the model, and the scheme by which it is trained."""
        self.model = build_model(self.config)
        self.scheme = build_scheme(self.config, self.model)

    @abstractmethod
    def configure_losses(self) -> None:
        """Set ``loss`` and ``sample_loss``: what training minimises, as a mean and sample by sample."""

    @abstractmethod
    def configure_metrics(self) -> None:
        """Set what validation and test report."""

    def training_loss(self, batch: Batch) -> Tensor:
        """Return what training minimises: the fusion's own loss or the task's, as the scheme changes it."""
        prediction = self.model(self.scheme.change_inputs(batch.inputs))
        present_BM = torch.stack([prediction.features[name].present for name in self.model.modalities], dim=1)
        lesson = Lesson(prediction, present_BM, batch.target, self.sample_loss, self.current_epoch)
        fusion = self.model.fusion
        joint = fusion.own_loss(lesson) if isinstance(fusion, OwnLoss) else self.loss(prediction.output, batch.target)
        return self.scheme.loss(joint, lesson)

    def on_train_epoch_start(self) -> None:
        """Let the scheme do what is due before an epoch."""
        self.scheme.before_epoch(
            Course(
                epoch=self.current_epoch,
                model=self.model,
                train=lambda: self._batches(self.trainer.train_dataloader),
                val=lambda: self._batches(self.trainer.val_dataloaders),
                sample_loss=self.sample_loss,
                make_optimizer=lambda parameters: instantiate(self.config["optimizer"], params=parameters),
                clip=self.trainer.gradient_clip_val,
                forward_context=self.trainer.precision_plugin.forward_context,
            )
        )

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Let the scheme change the gradients, and log what it says of the step."""
        self.scheme.change_gradients(self.model)
        if told := self.scheme.report():
            named = {f"train/{name}": value for name, value in told.items()}
            self.log_dict(named, on_step=False, on_epoch=True, batch_size=1)  # every step counts alike

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
            # Each by itself: what a scheme learns beside the model must not shorten the model's steps.
            for part in (self.model, self.scheme):
                if parameters := list(part.parameters()):
                    nn.utils.clip_grad_norm_(parameters, gradient_clip_val)
        else:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def _batches(self, loader: Iterable[Batch] | None) -> Iterator[Batch]:
        if loader is None:
            name = type(self.scheme).__name__
            raise ConfigError(f"scheme {name} must have validation batches in every epoch; give the trainer some")
        for batch in loader:
            yield self.trainer.strategy.batch_to_device(batch)
