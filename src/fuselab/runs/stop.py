"""A request to stop: from a signal to this process, or from the process that launched it.

The launching process answers the first SIGINT or SIGTERM by making a file that every job of the launch watches,
on whatever machine it runs; the second ends everything at once.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

LAUNCH = "FUSELAB_LAUNCH"  # HOST:PID:FILE of the launching process, in the environment of its jobs


class Stop:
    """What a process knows about stopping; there is one for each, ``STOP``."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._requeue: Any = None
        self._parent = os.getppid()
        self._working = False
        self._watched = False

    def asked(self) -> bool:
        """Say whether runs are to leave their work for later."""
        if self.signal is not None:
            return True
        _, pid, marker = _launch()
        if marker is not None and marker.exists():
            return True
        # A worker whose launching process is gone: nobody waits for its runs, and the next launch wants them.
        return pid == self._parent and os.getppid() != self._parent

    @contextmanager
    def heeding_signals(self, marker: Path | None = None) -> Iterator[None]:
        """Take the first SIGINT or SIGTERM as a request, and the second as an order.

        Args:
            marker: made for the jobs of this launch to see

        Raises:
            KeyboardInterrupt: at the second signal
        """

        def heed(number: int, _: FrameType | None) -> None:
            if self.signal is not None:
                raise KeyboardInterrupt
            self.signal = number
            if marker is not None:
                with suppress(OSError):
                    marker.touch()
            print("\nstopping: runs keep their last epoch and go on from there (again: stop at once)", file=sys.stderr)  # noqa: T201 a signal handler can't wait for a console's lock

        if marker is not None:
            marker.unlink(missing_ok=True)  # of a killed process that had this one's number
        with _handled(heed, (signal.SIGINT, signal.SIGTERM)):
            try:
                yield
            finally:
                if marker is not None:
                    marker.unlink(missing_ok=True)

    @contextmanager
    def heeding_launch(self) -> Iterator[None]:
        """In a launcher's worker: leave SIGINT to the launching process, take SIGTERM as a request.

        A terminal sends SIGINT to every process, and the launching one tells its jobs.
        """
        pid = _launch()[1]
        if pid in (None, os.getpid()):
            yield
            return
        if pid == self._parent and not self._watched:
            self._watched = True
            threading.Thread(target=self._leave_with_parent, name="parent", daemon=True).start()

        # Of submitit: it puts the job back into the scheduler's queue and leaves the process.
        self._requeue = signal.getsignal(signal.SIGUSR2)

        def heed(number: int, _: FrameType | None) -> None:
            # Slurm follows its warning with a SIGTERM; the warning counts.
            if self.signal != signal.SIGUSR2:
                self.signal = number

        def ignore(_: int, __: FrameType | None) -> None:
            pass

        self._working = True
        try:
            with _handled(heed, (signal.SIGTERM, signal.SIGUSR2)), _handled(ignore, (signal.SIGINT,)):
                yield
        finally:
            self._working = False

    def hand_back(self) -> None:
        """In a job whose run left because the scheduler wants the node: never return, for that would count as done.

        Raises:
            SystemExit: the job is in the scheduler's queue again
        """
        if self.signal == signal.SIGUSR2 and callable(self._requeue):
            self._requeue(signal.SIGUSR2, None)
        while self.signal == signal.SIGTERM and os.environ.get("SUBMITIT_EXECUTOR") == "slurm":
            # Slurm puts a job back whose node it takes, unless the job ends before; one that is cancelled it kills.
            signal.pause()

    def _leave_with_parent(self) -> None:
        """End a worker whose launching process is gone: it would wait for more work for ever."""
        while os.getppid() == self._parent or self._working:
            time.sleep(1)
        os._exit(1)

    def exit_code(self) -> int | None:
        """Return what a process that was stopped by a signal exits with, None where it wasn't."""
        return None if self.signal is None else 128 + self.signal


def launch_environment(marker: Path) -> dict[str, str]:
    """Return what jobs of this process find in their environment.

    Args:
        marker: the file that asks them to stop
    """
    return {LAUNCH: f"{socket.gethostname()}:{os.getpid()}:{marker.resolve()}"}


def _launch() -> tuple[str | None, int | None, Path | None]:
    host, _, rest = os.environ.get(LAUNCH, "").partition(":")
    pid, _, marker = rest.partition(":")
    return (host, int(pid), Path(marker)) if pid.isdigit() and marker else (None, None, None)


@contextmanager
def _handled(heed: object, numbers: tuple[int, ...]) -> Iterator[None]:
    try:
        before = {number: signal.signal(number, heed) for number in numbers}  # type: ignore[arg-type]
    except ValueError:  # not the main thread: whoever runs it looks after signals
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


STOP = Stop()
