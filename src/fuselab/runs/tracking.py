"""Trackers mirror a run's files; nothing depends on them."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fuselab.runs.folder import TRIALS

if TYPE_CHECKING:
    from pytorch_lightning.loggers import WandbLogger


def wandb_id(folder: Path) -> str:
    """Return the W&B id of a run folder: the same folder, the same W&B run."""
    return hashlib.sha256(f"{_sweep(folder)}/{folder.name}".encode()).hexdigest()[:16]


def wandb_logger(*, project: str, save_dir: str) -> WandbLogger:
    """Return a W&B logger for a run folder: group is the sweep, name the run; offline without a key.

    Args:
        project: W&B project
        save_dir: the run's folder
    """
    import wandb
    from pytorch_lightning.loggers import WandbLogger

    folder = Path(save_dir)
    logger = WandbLogger(
        project=project,
        save_dir=save_dir,
        name=folder.name,
        id=wandb_id(folder),
        group=_sweep(folder),
        job_type="train",
        offline=not os.environ.get("WANDB_API_KEY"),
        # A sweep's own view is on the screen; W&B's console capture and machine statistics cost time and say nothing.
        settings=wandb.Settings(silent=True, console="off", x_disable_stats=True, x_disable_meta=True),
    )
    # Lightning passes an option that W&B has retired, and W&B says so on every screen.
    logger._wandb_init.pop("anonymous", None)
    return logger


def _sweep(folder: Path) -> str:
    """Return the name of a run's sweep; the trials of two searches are not one sweep."""
    parent = folder.parent
    return f"{parent.parent.name}/{TRIALS}" if parent.name == TRIALS else parent.name


def no_logger(*, save_dir: str) -> bool:  # noqa: ARG001 every logger is given the folder
    """Return what Lightning takes for no logger."""
    return False


def finish_tracking() -> None:
    """Close a W&B run that is open, so that the next run of this process doesn't write into it."""
    wandb = sys.modules.get("wandb")
    if wandb is not None and wandb.run is not None:
        wandb.finish()
