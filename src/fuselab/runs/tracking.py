"""Trackers mirror a run's files; nothing depends on them."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from fuselab.errors import ConfigError
from fuselab.runs.folder import TRIALS

TAG = "fuselab.run"  # by which MLflow finds a run again

if TYPE_CHECKING:
    from pytorch_lightning.loggers import MLFlowLogger, WandbLogger


def tracking_id(folder: Path) -> str:
    """Return the id of a run folder at a tracker: the same folder, the same run there."""
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
        # W&B's own process, which may be older than this one, writes the files, and from a folder of its own.
        save_dir=str(folder.resolve()),
        name=folder.name,
        id=tracking_id(folder),
        group=_sweep(folder),
        job_type="train",
        offline=not os.environ.get("WANDB_API_KEY"),
        # A sweep's own view is on the screen; W&B's console capture and machine statistics cost time and say nothing.
        settings=wandb.Settings(silent=True, console="off", x_disable_stats=True, x_disable_meta=True),
    )
    # Lightning passes an option that W&B has retired, and W&B says so on every screen.
    logger._wandb_init.pop("anonymous", None)
    return logger


def mlflow_logger(*, tracking_uri: str, save_dir: str) -> MLFlowLogger:
    """Return an MLflow logger for a run folder: experiment is the sweep, name the run, and a resumed run goes on.

    Args:
        tracking_uri: of a server, or of a database that is made where there is none
        save_dir: the run's folder

    Raises:
        ConfigError: MLflow isn't installed
    """
    from pytorch_lightning.loggers import MLFlowLogger

    try:
        from mlflow.tracking import MlflowClient
    except ImportError as error:
        raise ConfigError("logger (mlflow) must have MLflow itself; pip install 'fuselab[mlflow]'") from error
    folder = Path(save_dir)
    name, tag = _sweep(folder), tracking_id(folder)
    with _making(tracking_uri):
        client = MlflowClient(tracking_uri)
        experiment = client.get_experiment_by_name(name) or client.get_experiment(client.create_experiment(name))
        known = client.search_runs([experiment.experiment_id], f"tags.`{TAG}` = '{tag}'")
        run = known[0] if known else client.create_run(experiment.experiment_id, run_name=folder.name, tags={TAG: tag})
        return MLFlowLogger(
            experiment_name=name,
            run_name=folder.name,
            tracking_uri=tracking_uri,
            run_id=run.info.run_id,
        )


@contextmanager
def _making(tracking_uri: str) -> Iterator[None]:
    """Let one process at a time look for its database, experiment and run, and make what is not there."""
    scheme, _, path = tracking_uri.partition(":///")
    if scheme != "sqlite":
        yield
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        yield


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
