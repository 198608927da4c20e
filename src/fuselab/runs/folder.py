"""A run's folder and a sweep's folder: which file is where, readable without torch.

outputs/<sweep>/sweep.json                      which runs the last launch asked for, and its command
outputs/<sweep>/<method>-s<seed>-<identity>/    one run
    config.yaml  status.json  metrics.csv  checkpoints/  predictions.parquet  result.json  run.log
    transforms.safetensors                      where steps learned from the train split, such as PCA
    lock.json                                   while a process is at work on it
outputs/<sweep>/excerpt/                        a few test samples for the report to show, a file for each data
outputs/<sweep>/wandb/                          the report as a run at W&B, where it was logged there
outputs/<sweep>/.replaced/                      what rerun=all has replaced
outputs/<sweep>/search.db  search.json          what a search has tried and what it chose
outputs/<sweep>/trials/                         the runs of its trials: a sweep of their own
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuselab.errors import RunFolderError
from fuselab.runs.files import read_json
from fuselab.runs.lock import holder
from fuselab.runs.status import State, Status

TRIALS = "trials"


@dataclass(frozen=True)
class RunFolder:
    """One run's folder.

    Args:
        path: the folder
    """

    path: Path

    @property
    def config(self) -> Path:
        """The resolved config."""
        return self.path / "config.yaml"

    @property
    def metrics(self) -> Path:
        """Train and validation metrics, a row an epoch."""
        return self.path / "metrics.csv"

    @property
    def checkpoints(self) -> Path:
        """``best.ckpt`` and ``last.ckpt``."""
        return self.path / "checkpoints"

    @property
    def transforms(self) -> Path:
        """What steps on modalities learned from the train split, where some do."""
        return self.path / "transforms.safetensors"

    @property
    def predictions(self) -> Path:
        """Test predictions: index, slice, target, output, and modalities' weights where the method knows them."""
        return self.path / "predictions.parquet"

    @property
    def result_file(self) -> Path:
        """What the run found; it exists only when the run is finished."""
        return self.path / "result.json"

    @property
    def log(self) -> Path:
        """Warnings and messages of the run."""
        return self.path / "run.log"

    def status(self) -> Status | None:
        """The run's state, or None where it never began."""
        return Status.read(self.path)

    def state(self, status: Status) -> State:
        """Return the state of a run, or ``interrupted`` where it says ``running`` and nobody is at work on it.

        Args:
            status: as its file says
        """
        return "interrupted" if status.state == "running" and holder(self.path) is None else status.state

    def result(self) -> dict[str, Any] | None:
        """The run's result, or None where it is not finished."""
        return read_json(self.result_file)


def find_runs(sweep: Path) -> Iterator[RunFolder]:
    """Yield the run folders below a sweep folder (or the folder itself where it is a run), sorted by name.

    Raises:
        RunFolderError: no such folder
    """
    if not sweep.is_dir():
        raise RunFolderError(f"the sweep folder ({sweep}) must exist; name one below outputs/ or its whole path")
    for status in sorted([*sweep.glob("status.json"), *sweep.glob("*/status.json")]):
        yield RunFolder(status.parent)


def find_strangers(sweep: Path) -> list[Path]:
    """Return the folders below a sweep folder that hold files of a run and no status, sorted by name.

    Args:
        sweep: a sweep's folder
    """
    files = [*sweep.glob("*/result.json"), *sweep.glob("*/config.yaml")]
    return sorted({path.parent for path in files if not (path.parent / "status.json").exists()})


def find_sweep(name: str, *, output_dir: Path) -> Path:
    """Return the folder that a user means by a path, or by a name below the output folder.

    Raises:
        RunFolderError: neither exists
    """
    for candidate in (Path(name), output_dir / name):
        if candidate.is_dir():
            return candidate
    raise RunFolderError(f"the sweep ({name}) must be a folder or a name below {output_dir}; launch it first")
