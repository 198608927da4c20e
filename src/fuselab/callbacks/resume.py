"""Let a run go on where it was cut off, to the bit."""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping


class Resume(pl.Callback):
    """Keep in every checkpoint what Lightning leaves out: random states, time spent, and whether training had ended.

    Everything it keeps is plain values and tensors, so a checkpoint opens with ``weights_only=True``.

    Args:
        began: of this attempt, by ``time.perf_counter``

    """

    def __init__(self, *, began: float) -> None:
        self.epochs: list[int] = []  # at which the run went on
        self._began = began
        self._before = 0.0
        self._random: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        """Return what the next attempt needs."""
        return {"random": _random_state(), "seconds": self.seconds(), "epochs": self.epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take what the last attempt left."""
        self._random = state_dict["random"]
        self._before = state_dict["seconds"]
        self.epochs = list(state_dict["epochs"])

    def seconds(self) -> float:
        """Return the time that went into the run, lost epochs left out."""
        return self._before + time.perf_counter() - self._began

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Go on, or leave it at that where early stopping had spoken before the run was cut off."""
        if self._random is None:
            return
        self.epochs.append(trainer.current_epoch)
        _set_random_state(self._random)
        stoppers = [one for one in trainer.callbacks if isinstance(one, EarlyStopping)]  # type: ignore[attr-defined]
        if any(one.wait_count >= one.patience for one in stoppers):
            trainer.should_stop = True


def _random_state() -> dict[str, Any]:
    kind, keys, *rest = np.random.get_state(legacy=True)
    version, state, gauss = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
        "numpy": [kind, torch.from_numpy(np.asarray(keys).astype(np.int64)), *rest],
        "python": [version, list(state), gauss],
    }


def _set_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None:
        torch.cuda.set_rng_state(state["cuda"])
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
