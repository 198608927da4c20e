"""One job's work on one run: under its lock, in processes of its own, until its files say how it ended."""

from __future__ import annotations

import shutil
import signal
import time
import traceback
from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

from fuselab.errors import FuselabError, RunFolderError
from fuselab.runs.due import Due, due
from fuselab.runs.files import write_whole
from fuselab.runs.folder import RunFolder
from fuselab.runs.leave import LEFT_IN_ORDER
from fuselab.runs.lock import BusyError, RunLock
from fuselab.runs.process import Process, Work, node, start
from fuselab.runs.status import State, Status
from fuselab.runs.stop import STOP

LOOK = 0.1  # seconds between two looks at a run's process
GRACE = 45.0  # seconds to leave in order, before the process is ended


def attempt(config: Mapping[str, Any], folder: RunFolder, work: Work) -> Status | None:
    """Do what is left of a run, and try again as often as its config allows.

    Args:
        config: resolved config, plain values only
        folder: the run's
        work: does the run of a folder, in a process of its own

    Returns:
        how the run stands now; None where nothing was to be done, or nothing begun

    Raises:
        RunFolderError: a folder that holds another run, that another process is at work on, or that can't be written
    """
    if due(config, folder) in ("done", "left") or STOP.asked():
        return folder.status()
    if node() > 0:
        # The first machine owns the run; this one lends it processes.
        _wait(start(work, folder, trainer=config["trainer"], threads=config["threads"]), lock=None)
        return None
    with RunLock(folder.path) as lock:
        tries = 1 + config["retries"]
        for number in range(tries):
            todo = due(config, folder)  # another process may have finished it in the meantime
            if todo in ("done", "left"):
                return folder.status()
            status = _try(config, folder, todo, work, lock)
            if status.state != "failed" or not status.again or number == tries - 1:
                return status
            _pause(config["retry_delay"] * 2**number, lock)
            if STOP.asked():
                return status
    return None


def _try(config: Mapping[str, Any], folder: RunFolder, todo: Due, work: Work, lock: RunLock) -> Status:
    before = folder.status()
    status = begun(config, attempts=1 if before is None else before.attempts + 1)
    if todo in ("new", "repeat"):
        _clear(folder)
    write_whole(folder.config, lambda temporary: OmegaConf.save(OmegaConf.create(dict(config)), temporary))
    status.write(folder.path)
    try:
        process = start(work, folder, trainer=config["trainer"], threads=config["threads"])
    except (OSError, FuselabError) as error:
        return record_failure(folder, error)
    try:
        code, stopped = _wait(process, lock=lock)
    except BusyError:
        raise  # somebody else's run now: not one more line may be written
    except BaseException:
        _ended(folder, LEFT_IN_ORDER, stopped=True)
        raise
    return _ended(folder, code, stopped=stopped)


def _wait(process: Process, *, lock: RunLock | None) -> tuple[int, bool]:
    """Wait for a run's process; return its exit code, and whether it was asked to leave."""
    asked: float | None = None
    try:
        while (code := process.wait(LOOK)) is None:
            if lock is not None:
                lock.beat()
            if asked is None and STOP.asked():
                process.terminate()
                asked = time.monotonic()
            elif asked is not None and time.monotonic() - asked > GRACE:
                process.kill()
    except BaseException:
        process.kill()
        process.wait(GRACE)
        raise
    return code, asked is not None


def begun(config: Mapping[str, Any], *, attempts: int = 1) -> Status:
    """Return the status of a run whose work begins.

    Args:
        config: resolved config of the run
        attempts: how often it has begun, this time included
    """
    return Status(
        state="running",
        method=config["method"],
        seed=config["seed"],
        max_epochs=config["trainer"]["max_epochs"],
        monitor=config["monitor"]["metric"],
        mode=config["monitor"]["mode"],
        attempts=attempts,
    )


def record_failure(folder: RunFolder, error: BaseException) -> Status:
    """Write why a run failed into its status, unless a process of it has done so already: the first is the cause.

    Args:
        folder: the run's
        error: what was raised
    """
    status = folder.status()
    if status is None:
        raise RunFolderError(f"the run ({folder.path}) must have a status.json; launch it again") from error
    if status.state == "failed":
        return status
    first_line = next(iter(str(error).splitlines()), "")
    status.state = "failed"
    status.error = first_line if isinstance(error, FuselabError) else f"{type(error).__name__}: {first_line}"
    status.traceback = "".join(traceback.format_exception(error))
    # What Fuselab itself refuses, it will refuse again.
    status.again = not isinstance(error, FuselabError)
    status.outside = isinstance(error, OSError | RunFolderError)
    status.write(folder.path)
    return status


def _ended(folder: RunFolder, code: int, *, stopped: bool) -> Status:
    status = folder.status()
    if folder.result() is not None:
        return _end(folder, "finished")
    if status is not None and status.state == "failed":
        return status
    if code == LEFT_IN_ORDER or stopped:
        return _end(folder, "interrupted")
    how = f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
    hint = ", as the system does when memory runs out" if code == -signal.SIGKILL else ""
    return _end(
        folder,
        "failed",
        error=f"the run's process must end by itself; it was ended {how}{hint}: see {folder.log}, then launch again",
    )


def _end(folder: RunFolder, state: State, *, error: str | None = None) -> Status:
    status = folder.status()
    if status is None:
        raise RunFolderError(f"the run ({folder.path}) must have a status.json; launch it again")
    status.state, status.error, status.again = state, error, error is not None
    status.write(folder.path)
    return status


def _clear(folder: RunFolder) -> None:
    """Begin anew: what an attempt that doesn't count has left must not be taken for this one's."""
    shutil.rmtree(folder.checkpoints, ignore_errors=True)
    for path in (folder.result_file, folder.metrics, folder.predictions):
        path.unlink(missing_ok=True)


def _pause(seconds: float, lock: RunLock) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not STOP.asked():
        lock.beat()
        time.sleep(min(LOOK, max(0.0, until - time.monotonic())))
