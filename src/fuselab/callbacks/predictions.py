"""Keep every test prediction, so that any number can be counted again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from fuselab.runs.predictions import write_predictions


class SavePredictions(pl.Callback):
    """Write ``predictions.parquet`` after the test, each sample once, whatever the number of processes.

    Args:
        path: the file
        slices: names of the groups of samples
    """

    def __init__(self, *, path: Path, slices: tuple[str, ...]) -> None:
        self.path = path
        self.slices = slices
        self._parts: list[dict[str, Any]] = []

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep what the test step returned."""
        self._parts.append({name: None if one is None else one.cpu() for name, one in outputs.items()})

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather the processes' shares and write them in the order of the dataset."""
        parts = self._parts
        self._parts = []
        if trainer.world_size > 1:
            gathered: list[Any] = [None] * trainer.world_size
            torch.distributed.all_gather_object(gathered, parts)
            parts = [part for share in gathered for part in share]
        if trainer.is_global_zero:
            columns = {
                name: np.concatenate([part[name].numpy() for part in parts]) if parts[0][name] is not None else None
                for name in parts[0]
            }
            write_predictions(self.path, columns, slices=self.slices)
