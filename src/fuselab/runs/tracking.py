"""Trackers mirror a run's files; nothing depends on them."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from fuselab.errors import ConfigError, FuselabError
from fuselab.runs.folder import TRIALS

TAG = "fuselab.run"  # by which MLflow finds a run again
# Of a result: what W&B's columns group and filter by, and what its panels plot.
ORIGIN = ("identity", "data_fingerprint", "split_hash", "git_commit")
COSTS = ("parameters", "frozen_parameters", "flops", "peak_memory_bytes", "epochs", "steps")

if TYPE_CHECKING:
    from pytorch_lightning.loggers import MLFlowLogger, WandbLogger


def tracking_id(folder: Path) -> str:
    """Return the id of a run folder at a tracker: the same folder, the same run there."""
    return hashlib.sha256(f"{sweep_name(folder)}/{folder.name}".encode()).hexdigest()[:16]


def wandb_logger(*, project: str, save_dir: str) -> WandbLogger:
    """Return a W&B logger for a run folder: group is the sweep, name the run; offline without a key.

    Args:
        project: W&B project
        save_dir: the run's folder
    """
    from pytorch_lightning.loggers import WandbLogger

    folder = Path(save_dir)
    logger = WandbLogger(
        project=project,
        # W&B's own process, which may be older than this one, writes the files, and from a folder of its own.
        save_dir=str(folder.resolve()),
        name=folder.name,
        id=tracking_id(folder),
        group=sweep_name(folder),
        job_type="train",
        offline=not os.environ.get("WANDB_API_KEY"),
        settings=quiet_settings(),
    )
    # Lightning passes an option that W&B has retired, and W&B says so on every screen.
    logger._wandb_init.pop("anonymous", None)
    return logger


def quiet_settings() -> Any:
    """Return W&B's settings that leave the screen and the machine alone.

    A sweep's own view is on the screen; W&B's console capture and machine statistics cost time and say nothing.
    """
    import wandb

    return wandb.Settings(silent=True, console="off", x_disable_stats=True, x_disable_meta=True)


def refused(what: str, error: Exception, *, instead: str) -> FuselabError:
    """Return what to say of something that W&B did not take, in one line.

    Args:
        what: it was
        error: W&B's own, which may be a page of HTML
        instead: what else one can do

    Example:
        >>> str(refused("the run", ValueError("no\\nkey"), instead="work offline"))
        'the run must reach W&B (no key); mend the key or the network, or work offline'
    """
    said = " ".join(str(error).split())
    return FuselabError(f"{what} must reach W&B ({said}); mend the key or the network, or {instead}")


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
    name, tag = sweep_name(folder), tracking_id(folder)
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


def sweep_name(folder: Path) -> str:
    """Return the name of a run's sweep; the trials of two searches are not one sweep.

    Args:
        folder: the run's

    Example:
        >>> sweep_name(Path("outputs/mine/run")), sweep_name(Path("outputs/mine/trials/run"))
        ('mine', 'mine/trials')
    """
    parent = folder.parent
    return f"{parent.parent.name}/{TRIALS}" if parent.name == TRIALS else parent.name


def no_logger(*, save_dir: str) -> bool:  # noqa: ARG001 every logger is given the folder
    """Return what Lightning takes for no logger."""
    return False


def track_result(result: Mapping[str, Any]) -> None:
    """Give the W&B run that is open what its metrics don't say: where it comes from, and what it cost.

    Args:
        result: what the run's ``result.json`` holds
    """
    wandb = sys.modules.get("wandb")
    if wandb is None or wandb.run is None:
        return
    # A run that was resumed may have begun on another commit.
    wandb.run.config.update({key: result[key] for key in ORIGIN}, allow_val_change=True)
    seconds = {f"seconds/{phase}": value for phase, value in result["seconds"].items()}
    wandb.run.summary.update({key: result[key] for key in COSTS} | seconds)


def finish_tracking() -> None:
    """Close a W&B run that is open, so that the next run of this process doesn't write into it."""
    wandb = sys.modules.get("wandb")
    if wandb is not None and wandb.run is not None:
        wandb.finish()
