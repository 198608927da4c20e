"""Upload what runs wrote for W&B while they had no key or no network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fuselab.errors import RunFolderError

AT_ONCE = 200  # folders in one call of W&B's own command


def offline_runs(sweep: Path) -> list[Path]:
    """Return W&B's offline folders of a sweep, those of its trials included, oldest first.

    Args:
        sweep: its folder, or a run's
    """
    return sorted(sweep.glob("**/wandb/offline-run-*"), key=lambda folder: (folder.name, str(folder)))


def sync(sweep: Path, *, dry_run: bool) -> int:
    """Hand a sweep's offline runs to ``wandb sync``, which leaves out what it has uploaded before.

    Args:
        sweep: its folder, or a run's
        dry_run: say what would be uploaded, and upload nothing

    Returns:
        the exit code of ``wandb sync``

    Raises:
        RunFolderError: nothing was written for W&B
    """
    folders = [str(folder) for folder in offline_runs(sweep)]
    if not folders:
        raise RunFolderError(f"the sweep ({sweep}) must hold offline runs of W&B; train with logger=wandb")
    # Where W&B keeps the log of an upload; without it, in the folder where the user happens to be.
    environment = os.environ | {"WANDB_DIR": str(sweep)}
    command = [sys.executable, "-m", "wandb", "sync", "--dry-run" if dry_run else "--yes"]
    for begin in range(0, len(folders), AT_ONCE):
        done = subprocess.run([*command, *folders[begin : begin + AT_ONCE]], env=environment, check=False)
        if done.returncode:
            return done.returncode
    return 0
