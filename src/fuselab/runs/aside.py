"""What ``rerun=all`` replaces is kept."""

from __future__ import annotations

import shutil
from pathlib import Path

from fuselab.runs.folder import RunFolder
from fuselab.runs.lock import RunLock

KEPT = frozenset({"lock.json", ".lock.guard", ".work.guard"})


def set_aside(folder: RunFolder) -> Path | None:
    """Move what a run has found so far to ``.replaced`` in its sweep's folder, and return where it is now.

    Args:
        folder: the run's

    Raises:
        BusyError: another process is at work on it
    """
    if not folder.config.exists():
        return None
    replaced = folder.path.parent / ".replaced"
    taken = [int(path.suffix[1:]) for path in replaced.glob(f"{folder.path.name}.*") if path.suffix[1:].isdigit()]
    place = replaced / f"{folder.path.name}.{max(taken, default=0) + 1}"
    with RunLock(folder.path):
        place.mkdir(parents=True)
        for path in folder.path.iterdir():
            if path.name not in KEPT:
                shutil.move(path, place / path.name)
    return place
