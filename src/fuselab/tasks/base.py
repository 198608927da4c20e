"""What every task shares: a model and its training scheme, an optimizer, a schedule, and three things to configure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.enums import GradClipAlgorithmType
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer

from fuselab.errors import ConfigError, nearest
from fuselab.instantiate import instantiate
from fuselab.models.build import build_model
from fuselab.runs.predictions import WEIGHT
from fuselab.schemes.base import Course
from fuselab.schemes.build import build_scheme
from fuselab.tasks.metrics import Metrics
from fuselab.types import Batch, Lesson, OwnLoss, Prediction, SampleLoss


class Task(pl.LightningModule, ABC):
    """A LightningModule around a fusion model; the model itself knows nothing of training.

    A checkpoint holds the plain config and the weights, so ``load_from_checkpoint`` needs nothing else.

    Args:
        config: resolved config of the run, plain values only

    Raises:
        ConfigError: a metric to log that the task has not
    """

    loss: Callable[[Tensor, Tensor], Tensor]  # of outputs and targets, a mean over samples
    sample_loss: SampleLoss  # the same, sample by sample

    def __init__(self, *, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.config = dict(config)
        self.save_hyperparameters({"config": self.config}, logger=False)
        self.configure_models()
        self.configure_losses()
        self.configure_metrics()
        self._check_logged()

    def configure_models(self) -> None:
        """Build the model, and the scheme by which it is trained."""
        self.model = build_model(self.config)
        self.scheme = build_scheme(self.config, self.model)

    @abstractmethod
    def configure_losses(self) -> None:
        """Set ``loss`` and ``sample_loss``: what training minimises, as a mean and sample by sample."""

    def configure_metrics(self) -> None:
        """Make the same metrics for validation and test, never shared between them."""
        self.val_metrics, self.test_metrics = self.make_metrics(), self.make_metrics()

    @abstractmethod
    def make_metrics(self) -> Metrics:
        """Make what validation or test reports."""

    def setup(self, stage: str) -> None:
        """Let the loss learn what it needs of the train split, before the first step."""
        if stage == "fit":
            self.weigh(self._train_target)

    def weigh(self, train_target: Callable[[], Tensor]) -> None:
        """Set weights of the loss; a task without such weights does nothing.

        Args:
            train_target: gives the targets of the train split, and of no other
        """

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch."""
        loss = self.training_loss(batch)
        self.log("train/loss", loss, on_step=False, on_epoch=True, batch_size=len(batch.target), sync_dist=True)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Measure a batch of validation samples."""
        self._measure(self.val_metrics, batch)

    def test_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor | None]:
        """Measure a batch of test samples and return its predictions, and modalities' weights where there are any."""
        output_BC, weights_BM = self._measure(self.test_metrics, batch)
        columns = {"index": batch.index, "slice": batch.slice, "target": batch.target, "output": output_BC}
        if weights_BM is not None:
            weights = zip(self.model.modalities, weights_BM.float().unbind(1), strict=True)
            columns |= {f"{WEIGHT}{name}": weight_B for name, weight_B in weights}
        return columns

    def on_validation_epoch_end(self) -> None:
        """Log the metrics of the validation split."""
        self._log_metrics("val", self.val_metrics)

    def on_test_epoch_end(self) -> None:
        """Log the metrics of the test split."""
        self._log_metrics("test", self.test_metrics)

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
        optimizer = instantiate(self.config["optimizer"], params=self._in_groups())
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

    def _in_groups(self) -> list[nn.Parameter] | list[dict[str, Any]]:
        """Return all parameters, in groups where encoders have some that learn at another rate."""
        slower = [group for encoder in self.model.by_modality().values() for group in encoder.rates()]
        if not slower:
            return list(self.parameters())
        apart = {id(one) for _, parameters in slower for one in parameters}
        rest = [one for one in self.parameters() if one.requires_grad and id(one) not in apart]
        rate = self.config["optimizer"]["lr"]
        return [{"params": rest}, *({"params": group, "lr": rate * factor} for factor, group in slower)]

    def _batches(self, loader: Iterable[Batch] | None) -> Iterator[Batch]:
        if loader is None:
            name = type(self.scheme).__name__
            raise ConfigError(f"scheme {name} must have validation batches in every epoch; give the trainer some")
        for batch in loader:
            yield self.trainer.strategy.batch_to_device(batch)

    def _measure(self, metrics: Metrics, batch: Batch) -> tuple[Tensor, Tensor | None]:
        prediction: Prediction = self.model(batch.inputs)
        output_BC = prediction.output.float()
        metrics.update(output_BC, batch.target, batch.slice)
        return output_BC, prediction.weights

    def _log_metrics(self, split: str, metrics: Metrics) -> None:
        logged = self.config["task"]["metrics"]
        values = metrics.compute().items()
        self.log_dict({f"{split}/{name}": value for name, value in values if name.partition("/")[0] in logged})
        metrics.reset()

    def _check_logged(self) -> None:
        for name in self.config["task"]["metrics"]:
            if name not in self.val_metrics.names:
                raise ConfigError(
                    f"task.metrics ({name}) must be metrics of {type(self).__name__}; "
                    f"{nearest(name, self.val_metrics.names)}"
                )

    def _train_target(self) -> Tensor:
        datamodule = getattr(self.trainer, "datamodule", None)
        if datamodule is None:
            raise ConfigError("weights of the loss must come from a DataModule's train split; pass one to trainer.fit")
        target: Tensor = datamodule.train_target()
        return target
