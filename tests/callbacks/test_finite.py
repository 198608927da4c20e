from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor

from fuselab.callbacks.finite import DivergedError, StopAtNonFinite
from fuselab.errors import FuselabError


class OnAGpu(Tensor):
    """A value that says that it is on a GPU."""

    device = property(lambda _: torch.device("cuda"))  # type: ignore[assignment]


def look(loss: Tensor, *, batch: int = 0, batches: int = 100, every: int = 50) -> None:
    trainer: Any = SimpleNamespace(current_epoch=3, num_training_batches=batches)
    module: Any = pl.LightningModule()
    StopAtNonFinite(every=every).on_train_batch_end(trainer, module, {"loss": loss}, None, batch)


def on_a_gpu(value: float) -> Tensor:
    return torch.tensor(value).as_subclass(OnAGpu)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_loss_that_is_not_finite_ends_the_run_at_once_with_the_reason(value):
    with pytest.raises(
        DivergedError,
        match=rf"the training loss \({value}\) must be finite; it was not at epoch 3, batch 7: lower optimizer\.lr",
    ):
        look(torch.tensor(value), batch=7)


def test_a_finite_loss_passes():
    for value in (0.0, -1.0, 1e38):
        look(torch.tensor(value))
        look(on_a_gpu(value))


def test_a_gpu_is_asked_now_and_then_and_at_the_end_of_each_epoch():
    seen = []
    for batch in range(100):
        try:
            look(on_a_gpu(float("nan")), batch=batch, every=30)
        except DivergedError:
            seen.append(batch)
    assert seen == [0, 30, 60, 90, 99]


def test_the_same_run_would_diverge_again():
    assert issubclass(DivergedError, FuselabError)
