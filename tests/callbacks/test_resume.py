"""A run that was cut off draws the same random numbers, and ends where it would have ended."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch import Tensor
from torch.utils.data import DataLoader

from fuselab.callbacks.resume import Resume

Draws = list[tuple[int, float, float, float]]


class CutError(BaseException):
    """Stands for the end of the process."""


class Chance(pl.LightningModule):
    """Learns what torch, numpy and Python draw."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(3))
        self.drawn: Draws = []

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        numbers = float(torch.rand(())), float(np.random.rand()), random.gauss(0, 1)
        self.drawn.append((self.current_epoch, *numbers))
        return (self.weight - torch.tensor(numbers)).square().sum()

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        self.log("val/score", 1.0, batch_size=1)

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters(), lr=0.1)
        return {"optimizer": optimizer, "lr_scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)}


class CutAt(pl.Callback):
    def __init__(self, epoch: int | None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if trainer.current_epoch == self.epoch:
            raise CutError


def fit(
    path: Path,
    *,
    seed: int,
    cut_at: int | None = None,
    epochs: int = 5,
    patience: int = 99,
    resume: Resume | None = None,
) -> tuple[pl.Trainer, Chance]:
    pl.seed_everything(seed, verbose=False)
    model, last = Chance(), path / "last.ckpt"
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        callbacks=[
            EarlyStopping("val/score", patience=patience, mode="max"),
            resume or Resume(began=time.perf_counter()),
            CutAt(cut_at),
            ModelCheckpoint(path, filename="last", monitor=None, save_top_k=1, enable_version_counter=False),
        ],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=path,
    )
    # As ours: they draw from a generator of their own.
    loaders = [DataLoader(torch.zeros(size), generator=torch.Generator()) for size in (2, 1)]
    try:
        trainer.fit(model, *loaders, ckpt_path=str(last) if last.exists() else None, weights_only=True)
    except CutError:
        assert cut_at is not None
    return trainer, model


@pytest.mark.parametrize("cuts", [[1], [3], [1, 2, 4], [2, 2]], ids=str)
def test_a_run_that_was_cut_off_draws_and_learns_the_same_to_the_bit(cuts, tmp_path):
    _, whole = fit(tmp_path / "whole", seed=7)
    drawn: Draws = []
    for number, cut in enumerate(cuts):
        # Whatever the new process draws before it goes on counts for nothing.
        _, part = fit(tmp_path / "cut", seed=7 + number, cut_at=cut)
        drawn += [one for one in part.drawn if one[0] < cut]
    _, rest = fit(tmp_path / "cut", seed=99)
    assert drawn + rest.drawn == whole.drawn
    assert torch.equal(rest.weight, whole.weight)
    assert len({numbers for _, *row in whole.drawn for numbers in row}) == 3 * len(whole.drawn)


def test_a_checkpoint_opens_without_running_any_code(tmp_path):
    fit(tmp_path, seed=0, epochs=1)
    state = torch.load(tmp_path / "last.ckpt", weights_only=True)["callbacks"]["Resume"]
    assert set(state) == {"random", "seconds", "epochs"}


def test_a_run_knows_where_it_went_on(tmp_path):
    for cut in (1, 3, 3):
        fit(tmp_path, seed=0, cut_at=cut)
    last = Resume(began=time.perf_counter())
    fit(tmp_path, seed=0, resume=last)
    # The third attempt was cut off in the epoch in which it had begun, and left no checkpoint that knows of it.
    assert last.epochs == [1, 3]


def test_a_run_that_was_never_cut_off_went_on_nowhere(tmp_path):
    only = Resume(began=time.perf_counter())
    fit(tmp_path, seed=0, resume=only)
    assert only.epochs == []


def test_the_time_of_earlier_attempts_counts(tmp_path):
    fit(tmp_path, seed=0, cut_at=2, resume=Resume(began=time.perf_counter() - 1000))
    later = Resume(began=time.perf_counter())
    assert later.seconds() < 500
    fit(tmp_path, seed=0, resume=later)
    assert 1000 < later.seconds() < 1500


def test_training_that_early_stopping_had_ended_stays_ended(tmp_path):
    """As where a run is killed between its last epoch and its test."""
    trainer, model = fit(tmp_path, seed=0, patience=2, epochs=9)
    assert (trainer.current_epoch, len(model.drawn)) == (3, 6)
    again, more = fit(tmp_path, seed=1, patience=2, epochs=9)
    assert more.drawn == []
    assert (again.current_epoch, again.global_step) == (3, 6)
    assert torch.equal(more.weight, model.weight)


def test_training_that_had_had_all_its_epochs_stays_ended(tmp_path):
    trainer, model = fit(tmp_path, seed=0, epochs=2)
    again, more = fit(tmp_path, seed=1, epochs=2)
    assert more.drawn == []
    assert (again.current_epoch, again.global_step) == (trainer.current_epoch, trainer.global_step) == (2, 4)
    assert torch.equal(more.weight, model.weight)


def test_early_stopping_goes_on_counting(tmp_path):
    fit(tmp_path, seed=0, patience=2, epochs=9, cut_at=2)
    trainer, _ = fit(tmp_path, seed=0, patience=2, epochs=9)
    assert trainer.current_epoch == 3
