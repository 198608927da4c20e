"""A sweep at one moment, read from its files: what is done, what runs, what failed, how long it will take."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from fuselab.errors import RunFolderError
from fuselab.runs.files import read_json
from fuselab.runs.folder import TRIALS, RunFolder, find_runs
from fuselab.runs.status import State, Status


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One run as its files show it.

    Args:
        name: its folder's name
        state: its state now
        status: its ``status.json``
        seconds: how long it took, or has been running
    """

    name: str
    state: State
    status: Status
    seconds: float

    @property
    def title(self) -> str:
        """Method and seed."""
        return f"{self.status.method} seed {self.status.seed}"

    @property
    def score(self) -> str:
        """The best validation value so far, by its name."""
        return "no value yet" if self.status.best is None else f"{self.status.monitor} {self.status.best:.3f}"


@dataclass(frozen=True, kw_only=True)
class SweepSummary:
    """A sweep at one moment.

    Args:
        name: its folder's name
        total: runs that there are, and those that the last launch asked for
        done: finished runs
        running: runs at work
        failed: runs that ended with an error
        interrupted: runs that were stopped
        unreadable: folders whose status makes no sense
        waiting: how many runs have not begun
        best: the run with the best validation value so far; None where runs watch different metrics
        seconds_left: estimated from finished runs; None where nothing is known
        trials: the trials of its search, where it is one
    """

    name: str
    total: int
    done: tuple[Seen, ...]
    running: tuple[Seen, ...]
    failed: tuple[Seen, ...]
    interrupted: tuple[Seen, ...]
    unreadable: tuple[str, ...]
    waiting: int
    best: Seen | None
    seconds_left: float | None
    trials: SweepSummary | None = None

    @property
    def over(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self.running and not self.waiting and (self.trials is None or self.trials.over)


class SweepReader:
    """Reads a sweep again and again; a file that has not changed is not opened twice.

    Args:
        sweep: the sweep's folder
    """

    def __init__(self, sweep: Path) -> None:
        self.sweep = sweep
        self._trials: SweepReader | None = None
        self._known: dict[str, tuple[tuple[int, int], Status, float]] = {}
        self._parallel = 0

    def read(self) -> SweepSummary:
        """Return the sweep as it is now.

        Raises:
            RunFolderError: no such folder
        """
        runs: dict[State, list[Seen]] = {state: [] for state in get_args(State)}
        unreadable = []
        for folder in find_runs(self.sweep):
            try:
                seen = self._look(folder)
                runs[seen.state].append(seen)
            except FileNotFoundError:  # it went away since it was found
                continue
            except RunFolderError:
                unreadable.append(folder.path.name)
        if self._trials is None and (self.sweep / TRIALS).is_dir():
            self._trials = SweepReader(self.sweep / TRIALS)
        asked = set((read_json(self.sweep / "sweep.json") or {}).get("runs", ()))
        there = {seen.name for several in runs.values() for seen in several} | set(unreadable)
        waiting = len(asked - there)
        # Between two runs nothing runs for a moment, which is no reason to forget the pace.
        self._parallel = len(runs["running"]) or self._parallel
        return SweepSummary(
            name=self.sweep.resolve().name,
            total=len(asked | there),
            done=tuple(runs["finished"]),
            running=tuple(runs["running"]),
            failed=tuple(runs["failed"]),
            interrupted=tuple(runs["interrupted"]),
            unreadable=tuple(unreadable),
            waiting=waiting,
            best=_best([*runs["finished"], *runs["running"]]),
            seconds_left=_seconds_left(runs["finished"], runs["running"], waiting, self._parallel),
            trials=None if self._trials is None else self._trials.read(),
        )

    def _look(self, folder: RunFolder) -> Seen:
        name = folder.path.name
        stat = (folder.path / "status.json").stat()
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if name not in self._known or self._known[name][0] != stamp:
            status = folder.status()
            if status is None:
                raise FileNotFoundError(folder.path)
            self._known[name] = (stamp, status, _took(folder, status))
        _, status, took = self._known[name]
        state = folder.state(status)
        seconds = time.time() - status.started if state == "running" else took
        return Seen(name=name, state=state, status=status, seconds=seconds)


def summary(sweep: Path) -> SweepSummary:
    """Return a sweep as it is now.

    Args:
        sweep: the sweep's folder

    Raises:
        RunFolderError: no such folder
    """
    return SweepReader(sweep).read()


def _took(folder: RunFolder, status: Status) -> float:
    # A resumed run's status knows the last attempt only; its result knows them all.
    total = ((folder.result() or {}).get("seconds") or {}).get("total") if status.state == "finished" else None
    return status.updated - status.started if total is None else float(total)


def _best(runs: Sequence[Seen]) -> Seen | None:
    judged = [run for run in runs if run.status.best is not None and math.isfinite(run.status.best)]
    if len({(run.status.monitor, run.status.mode) for run in judged}) != 1:
        return None
    sign = 1 if judged[0].status.mode == "max" else -1
    return max(judged, key=lambda run: sign * (run.status.best or 0.0))


def _seconds_left(done: Sequence[Seen], running: Sequence[Seen], waiting: int, parallel: int) -> float | None:
    if not running and not waiting:
        return 0.0
    if not done or not parallel:
        return None
    mean = sum(run.seconds for run in done) / len(done)
    rests = []
    for run in running:
        same = [other.seconds for other in done if other.status.method == run.status.method]
        rests.append(max(0.0, (sum(same) / len(same) if same else mean) - run.seconds))
    # The work is shared, but no run ends before its own time.
    return max([(sum(rests) + waiting * mean) / parallel, *rests])
