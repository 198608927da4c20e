"""``status.json``: what a run is doing, for anyone who looks at its folder."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Literal

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
        """Read a run folder's ``status.json``; None where there is none."""
        content = read_json(folder / "status.json")
        if content is None:
            return None
        known = {one.name for one in fields(cls)}
        return cls(**{key: value for key, value in content.items() if key in known})
