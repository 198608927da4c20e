"""Write what the run is doing into its folder, epoch by epoch."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl

from fuselab.runs.files import write_whole
from fuselab.runs.folder import RunFolder
from fuselab.runs.status import Status


class RecordProgress(pl.Callback):
    """Keep ``status.json`` and ``metrics.csv`` up to date.

    Args:
        folder: the run's
        status: its status so far
    """

    def __init__(self, *, folder: RunFolder, status: Status) -> None:
        self.folder = folder
        self.status = status
        self._rows: list[dict[str, float]] = []

    def state_dict(self) -> dict[str, Any]:
        """Return what the run has told so far."""
        return {"rows": self._rows, "epoch": self.status.epoch, "best": self.status.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on telling where the run goes on."""
        self._rows = list(state_dict["rows"])
        self.status.epoch, self.status.best = state_dict["epoch"], state_dict["best"]

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add a row of metrics and tell the epoch and the best value."""
        if not trainer.is_global_zero:
            return
        row = {name: float(value) for name, value in sorted(trainer.callback_metrics.items())}
        self._rows.append({"epoch": trainer.current_epoch, "step": trainer.global_step, **row})
        self._write_metrics()
        self.status.epoch = trainer.current_epoch + 1
        value = row.get(self.status.monitor)
        if value is not None:
            choose = max if self.status.mode == "max" else min
            self.status.best = value if self.status.best is None else choose(self.status.best, value)
        self.status.write(self.folder.path)

    def _write_metrics(self) -> None:
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        lines = [",".join(names)]
        lines += [",".join("" if name not in row else f"{row[name]:.6g}" for name in names) for row in self._rows]
        text = "\n".join(lines) + "\n"
        write_whole(self.folder.metrics, lambda temporary: temporary.write_text(text, encoding="utf-8"))
