from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from fuselab.callbacks.progress import RecordProgress
from fuselab.runs.folder import RunFolder
from fuselab.runs.status import Status

SCORES = [0.25, 0.75, 0.5]


class Scores(pl.LightningModule):
    """Logs what it was told to, epoch by epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        loss = self.weight.sum() + 1 / 3
        self.log("train/loss", loss, on_step=False, on_epoch=True, batch_size=1)
        return loss

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        self.log("val/score", SCORES[self.current_epoch], batch_size=1)
        if self.current_epoch:
            self.log("val/late", 2.0, batch_size=1)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


class Look(pl.Callback):
    """Read the files at the end of each epoch, as someone would who watches the run."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.seen: list[tuple[int, float | None, int]] = []

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        status = self.folder.status()
        assert status is not None
        self.seen.append((status.epoch, status.best, len(pd.read_csv(self.folder.metrics))))


def fit(path: Path, *, mode: str = "max", monitor: str = "val/score", **options: Any) -> tuple[RunFolder, Look]:
    folder = RunFolder(path)
    status = Status(state="running", method="m", seed=0, max_epochs=3, monitor=monitor, mode=mode)
    look = Look(folder)
    trainer = pl.Trainer(
        accelerator="cpu",
        callbacks=[RecordProgress(folder=folder, status=status), look],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        max_epochs=3,
        default_root_dir=path,
        **options,
    )
    trainer.fit(Scores(), DataLoader(torch.zeros(2)), DataLoader(torch.zeros(1)))
    return folder, look


@pytest.mark.parametrize(("mode", "best"), [("max", [0.25, 0.75, 0.75]), ("min", [0.25, 0.25, 0.25])])
def test_the_status_says_epoch_by_epoch_how_far_and_how_good(mode, best, tmp_path):
    folder, look = fit(tmp_path, mode=mode)
    assert look.seen == [(epoch + 1, best[epoch], epoch + 1) for epoch in range(3)]
    status = folder.status()
    assert status is not None
    assert (status.state, status.max_epochs, status.monitor) == ("running", 3, "val/score")


def test_every_epoch_is_a_row_of_metrics(tmp_path):
    folder, _ = fit(tmp_path)
    table = pd.read_csv(folder.metrics)
    assert list(table)[:2] == ["epoch", "step"]
    assert table["epoch"].tolist() == [0, 1, 2]
    assert table["step"].tolist() == [2, 4, 6]
    assert table["val/score"].tolist() == SCORES
    assert table["train/loss"].tolist() == pytest.approx([1 / 3] * 3, rel=1e-5)
    # A metric that comes later leaves a gap before.
    assert table["val/late"].isna().tolist() == [True, False, False]


def test_a_metric_that_is_not_there_has_no_best(tmp_path):
    folder, look = fit(tmp_path, monitor="val/other")
    assert [best for _, best, _ in look.seen] == [None] * 3
    assert folder.metrics.is_file()


def test_other_processes_write_nothing(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pl.Trainer, "is_global_zero", property(lambda _: False))
    folder = RunFolder(tmp_path)
    status = Status(state="running", method="m", seed=0, max_epochs=3, monitor="val/score", mode="max")
    callback = RecordProgress(folder=folder, status=status)
    trainer = pl.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False, default_root_dir=tmp_path)
    callback.on_train_epoch_end(trainer, Scores())
    assert not list(tmp_path.iterdir())
