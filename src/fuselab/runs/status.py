"""``status.json``: what a run is doing, for anyone who looks at its folder."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Literal, get_args

from fuselab.errors import RunFolderError
from fuselab.runs.files import read_json, write_json

State = Literal["running", "finished", "failed", "interrupted"]


@dataclass(kw_only=True)
class Status:
    """State of one run; times are seconds since the epoch.

    Args:
        state: running, finished, failed or interrupted
        method: the compared value, such as ``early/concat``
        seed: the run's seed
        started: when this attempt began
        updated: when the file was last written
        epoch: epochs done
        max_epochs: epochs allowed
        monitor: name of the validation metric that chooses the model
        mode: ``max`` or ``min``
        best: its best value so far
        error: one line, where the run failed
        traceback: all of it, where the run's code raised
        again: whether another try may end otherwise, where the run failed
        outside: whether the machine failed it, such as a full disk, and not what it computes
        attempts: how often its work was begun
        pid: the process that writes
        host: its machine
    """

    state: State
    method: str
    seed: int
    max_epochs: int
    monitor: str
    mode: str
    started: float = field(default_factory=time.time)
    updated: float = 0.0
    epoch: int = 0
    best: float | None = None
    error: str | None = None
    traceback: str | None = None
    again: bool = False
    outside: bool = False
    attempts: int = 1
    pid: int = field(default_factory=os.getpid)
    host: str = field(default_factory=socket.gethostname)

    def write(self, folder: Path) -> None:
        """Write ``status.json`` into a run folder."""
        self.updated = time.time()
        write_json(folder / "status.json", asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Status | None:
        """Read a run folder's ``status.json``; None where there is none.

        Raises:
            RunFolderError: the file doesn't hold a status
        """
        path = folder / "status.json"
        content = read_json(path)
        if content is None:
            return None
        if content.get("state") not in get_args(State):
            raise RunFolderError(
                f"the state ({content.get('state')}) in {path} must be one of {', '.join(get_args(State))}; "
                "delete the run's folder and launch it again"
            )
        known = {one.name for one in fields(cls)}
        try:
            return cls(**{key: value for key, value in content.items() if key in known})
        except TypeError as error:
            raise RunFolderError(
                f"the file ({path}) must hold a run's status; delete the run's folder and launch it again ({error})"
            ) from error
