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

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Put it back; Lightning has just put its own there."""
        if self._ours:
            signal.signal(signal.SIGTERM, leave)
