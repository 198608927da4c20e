"""``status.json``: what a run is doing, for anyone who looks at its folder."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Literal, get_args

import psutil

from fuselab.errors import RunFolderError
from fuselab.runs.files import read_json, write_json

State = Literal["running", "finished", "failed", "interrupted"]
CLOCK_SLACK = 60.0  # seconds: the time at which a process began is only as good as the machine's clock


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
        traceback: all of it, where the run failed
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

    def state_now(self) -> State:
        """Return the state, or ``interrupted`` where the process that wrote ``running`` is gone from this machine.

        A run on another machine is believed: nothing of it can be seen from here.
        """
        if self.state != "running" or self.host != socket.gethostname():
            return self.state
        try:
            process = psutil.Process(self.pid)
            # A process that began after the last write got the number of the one that is gone.
            gone = process.status() == psutil.STATUS_ZOMBIE or process.create_time() > self.updated + CLOCK_SLACK
        except psutil.NoSuchProcess:
            gone = True
        except psutil.AccessDenied:
            gone = False
        return "interrupted" if gone else "running"
