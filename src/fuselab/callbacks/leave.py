"""Leave in order when asked to."""

from __future__ import annotations

import signal

import pytorch_lightning as pl

from fuselab.runs.leave import leave


class LeaveWhenAsked(pl.Callback):
    """Keep this process's own answer to SIGTERM.

    Lightning puts one before it that talks to the other processes first, and would wait for ever for one that is in
    the middle of a step.
    """

    def __init__(self) -> None:
        self._ours = signal.getsignal(signal.SIGTERM) is leave

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put it back; Lightning has put its own there since ``setup``."""
        self._put_back()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put it back."""
        self._put_back()

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put it back."""
        self._put_back()

    def _put_back(self) -> None:
        if self._ours:
            signal.signal(signal.SIGTERM, leave)
