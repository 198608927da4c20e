"""A run has one owner at a time, on every machine that shares its folder.

The owner writes ``lock.json`` and touches it again and again. Whoever finds a lock whose owner is dead, or which
nobody has touched for a while, takes it over.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import psutil
from filelock import FileLock, Timeout

from fuselab.errors import RunFolderError
from fuselab.runs.files import read_json, write_json

BEAT = 5.0  # seconds between two touches
LOOK = 0.1  # seconds between two looks for a process that its owner has left behind
LEFTOVER = 90.0  # seconds that it is given to end by itself
STALE = 60.0  # seconds without a touch after which an owner on another machine counts as gone

CLOCK_SLACK = 5.0  # seconds: the time at which a process began is only as good as the machine's clock


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who holds a lock.

    Args:
        host: machine
        pid: process on it
        began: when that process began, so that another one with its number isn't taken for it
        token: of this lock alone
    """

    host: str
    pid: int
    began: float
    token: str

    @classmethod
    def this_process(cls) -> Owner:
        """Return this process as an owner."""
        began = psutil.Process().create_time()
        return cls(host=socket.gethostname(), pid=os.getpid(), began=began, token=uuid.uuid4().hex)

    def is_dead(self) -> bool:
        """Say whether the process is known to be gone; of another machine nothing is known."""
        if self.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            return process.status() == psutil.STATUS_ZOMBIE or abs(process.create_time() - self.began) > CLOCK_SLACK
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False


class BusyError(RunFolderError):
    """Another process is at work on the run."""


class RunLock:
    """The lock of a run's folder, held inside a ``with`` block.

    Args:
        folder: the run's

    Raises:
        BusyError: a living process holds it
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock.json"
        # Guards the moment of taking only. The system lets go of it when its holder dies.
        self._guard = FileLock(folder / ".lock.guard")
        self._work = FileLock(folder / ".work.guard")
        self._owner = Owner.this_process()
        self._beaten = 0.0

    def __enter__(self) -> RunLock:
        """Take it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._guard:
            owner = holder(self._path.parent)
            if owner is not None:
                raise BusyError(
                    f"the run ({self._path.parent.name}) must have one owner; process {owner.pid} on {owner.host} is "
                    "at work on it: wait for it, or stop it first"
                )
            write_json(self._path, asdict(self._owner))
        self._beaten = time.monotonic()
        try:
            self._wait_for_leftover()
        except BaseException:
            self._let_go()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let it go, unless somebody has taken it over in the meantime."""
        self._let_go()

    def _let_go(self) -> None:
        with self._guard, suppress(RunFolderError):
            if (read_json(self._path) or {}).get("token") == self._owner.token:
                self._path.unlink()

    def _wait_for_leftover(self) -> None:
        """A process whose owner was killed needs a moment to notice."""
        until = time.monotonic() + LEFTOVER
        while time.monotonic() < until:
            with suppress(Timeout), self._work.acquire(blocking=False):
                return
            self.beat()
            time.sleep(LOOK)
        raise BusyError(
            f"the run ({self._path.parent.name}) must have one owner; a process that its last one has left behind is "
            "still at work on it: end that one first"
        )

    def beat(self) -> None:
        """Tell that the owner is alive; cheap enough to call several times a second.

        Raises:
            BusyError: another process has taken the lock over, because this one was silent too long
        """
        if time.monotonic() - self._beaten < BEAT:
            return
        if (read_json(self._path) or {}).get("token") != self._owner.token:
            raise BusyError(
                f"the run ({self._path.parent.name}) must have one owner; this process was silent for too long and "
                "another took over: leave it to that one"
            )
        # A full disk is no reason to stop: the next beat may succeed.
        with suppress(OSError):
            self._path.touch()
        self._beaten = time.monotonic()


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """In a run's process: whoever takes the run over waits until this one has ended, in whatever way.

    Args:
        folder: the run's
    """
    with FileLock(folder / ".work.guard"):
        yield


def holder(folder: Path) -> Owner | None:
    """Return who is at work on a run, or None where nobody is, or only a lock of one that is gone.

    Args:
        folder: the run's
    """
    path = folder / "lock.json"
    try:
        content = read_json(path)
        if content is None:
            return None
        owner = Owner(**content)
    except (RunFolderError, TypeError):
        owner = Owner(host="unknown", pid=0, began=0.0, token="")
    if owner.host == socket.gethostname():
        return None if owner.is_dead() else owner
    return None if _age(path) > STALE else owner


def _age(path: Path) -> float:
    """Return how long ago a file was touched, by the clock of the disk: machines' clocks differ."""
    probe = path.with_name(f".clock.{uuid.uuid4().hex}")
    try:
        probe.touch()
        return probe.stat().st_mtime - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
    except OSError:  # a folder that can't be written says nothing of the other's life
        return time.time() - path.stat().st_mtime
    finally:
        with suppress(OSError):
            probe.unlink()
