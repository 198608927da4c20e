from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from fuselab.callbacks.leave import LeaveWhenAsked
from fuselab.runs import leave
from fuselab.runs.leave import Left, leave_at_sigterm


class Model(pl.LightningModule):
    """Notes who answers SIGTERM while it trains, and sends one."""

    def __init__(self, *, ask: bool) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.ask = ask
        self.answers: list[Any] = []

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        self.answers.append(signal.getsignal(signal.SIGTERM))
        if self.ask:
            signal.raise_signal(signal.SIGTERM)
        return self.weight.sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


@pytest.fixture(autouse=True)
def _handler_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(leave, "_leaving", [])
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def fit(path: Path, *, ask: bool = False) -> Model:
    model = Model(ask=ask)
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=1,
        callbacks=[LeaveWhenAsked()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=path,
    )
    try:
        trainer.fit(model, DataLoader(torch.zeros(3)))
    except Left:
        assert ask
        model.answers.append("left")
    return model


def test_a_run_leaves_in_the_middle_of_training_when_it_is_asked_to(tmp_path):
    leave_at_sigterm()
    ours = signal.getsignal(signal.SIGTERM)
    assert fit(tmp_path, ask=True).answers == [ours, "left"]


def test_a_second_request_changes_nothing(tmp_path):
    leave_at_sigterm()
    fit(tmp_path, ask=True)
    assert signal.getsignal(signal.SIGTERM) is leave.leave
    signal.raise_signal(signal.SIGTERM)


def test_who_has_no_answer_of_its_own_keeps_lightnings(tmp_path):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    (answer,) = set(fit(tmp_path).answers)
    assert answer is not signal.SIG_DFL
