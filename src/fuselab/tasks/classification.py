"""One class a sample.

Shapes: B samples, C classes.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor, nn

from fuselab.tasks.base import Task
from fuselab.tasks.metrics import ClassificationMetrics
from fuselab.types import Batch


class ClassificationTask(Task):
    """Cross-entropy; accuracy, macro-F1 and expected calibration error, and the accuracy of each slice.

    Args:
        config: resolved config of the run, plain values only
    """

    def configure_losses(self) -> None:
        """Cross-entropy. Late fusion gives log-probabilities, whose softmax is themselves."""
        smoothing = self.config["task"]["label_smoothing"]
        self.loss = nn.CrossEntropyLoss(label_smoothing=smoothing)
        self.sample_loss = partial(nn.functional.cross_entropy, reduction="none", label_smoothing=smoothing)

    def configure_metrics(self) -> None:
        """The same metrics for validation and test, never shared between them."""
        task = self.config["task"]
        self.val_metrics, self.test_metrics = (
            ClassificationMetrics(
                classes=task["classes"], calibration_bins=task["calibration_bins"], slices=task["slices"]
            )
            for _ in range(2)
        )

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch."""
        loss = self.training_loss(batch)
        self.log("train/loss", loss, on_step=False, on_epoch=True, batch_size=len(batch.target), sync_dist=True)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Measure a batch of validation samples."""
        self._measure(self.val_metrics, batch)

    def test_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor | None]:
        """Measure a batch of test samples and return its predictions."""
        output = self._measure(self.test_metrics, batch)
        return {"index": batch.index, "slice": batch.slice, "target": batch.target, "output": output}

    def on_validation_epoch_end(self) -> None:
        """Log the metrics of the validation split."""
        self._log_metrics("val", self.val_metrics)

    def on_test_epoch_end(self) -> None:
        """Log the metrics of the test split."""
        self._log_metrics("test", self.test_metrics)

    def _measure(self, metrics: ClassificationMetrics, batch: Batch) -> Tensor:
        logits_BC: Tensor = self.model(batch.inputs).output.float()
        metrics.update(logits_BC, batch.target, batch.slice)
        return logits_BC

    def _log_metrics(self, split: str, metrics: ClassificationMetrics) -> None:
        self.log_dict({f"{split}/{name}": value for name, value in metrics.compute().items()})
        metrics.reset()
