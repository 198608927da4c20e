"""Stop a run whose loss is no number any more."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
import torch

from fuselab.errors import FuselabError


class DivergedError(FuselabError):
    """Training has diverged; the same run would do so again."""


class StopAtNonFinite(pl.Callback):
    """Fail a run as soon as its training loss is not finite.

    What is not finite stays so once it has reached the weights, so a GPU is asked now and then only: each look waits
    for it.

    Args:
        every: batches between two looks at a loss on a GPU
    """

    def __init__(self, *, every: int = 50) -> None:
        self.every = every

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the loss.

        Raises:
            DivergedError: it is not finite
        """
        loss: torch.Tensor = outputs["loss"]
        last = batch_idx + 1 == trainer.num_training_batches
        if (loss.device.type == "cpu" or last or batch_idx % self.every == 0) and not torch.isfinite(loss):
            raise DivergedError(
                f"the training loss ({float(loss)}) must be finite; it was not at epoch {trainer.current_epoch}, batch "
                f"{batch_idx}: lower optimizer.lr, or look for values in the data that are not finite"
            )
