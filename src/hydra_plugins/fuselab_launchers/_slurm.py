"""What Slurm's own commands say of jobs: no accounting is asked, which many clusters lack."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from fuselab.errors import ConfigError

COMMANDS = ("sbatch", "srun", "squeue", "scancel")
# Of a job that isn't in the queue any more; Slurm shows it for some minutes.
ENDED = frozenset(
    [
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
    ]
)


def require() -> None:
    """Refuse a machine that isn't of a Slurm cluster.

    Raises:
        ConfigError: a command of Slurm's isn't there
    """
    lacking = [name for name in COMMANDS if shutil.which(name) is None]
    if lacking:
        raise ConfigError(
            f"launcher (slurm) must find Slurm's commands, and {', '.join(lacking)} isn't there; "
            "launch from a node of the cluster, or try the sweep here with launcher=slurm_local"
        )


def states() -> dict[str, str] | None:
    """Return the state of each of this user's jobs, elements of arrays apart; None where Slurm doesn't answer."""
    command = ["squeue", "--me", "--noheader", "--array", "--states=all", "--format=%i|%T"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (subprocess.SubprocessError, OSError):
        return None
    return dict(line.strip().split("|", 1) for line in asked.stdout.splitlines() if "|" in line)


def cancel(jobs: Sequence[str], *options: str) -> None:
    """Take jobs out of the queue, and end those that run.

    Args:
        jobs: their ids
        options: of scancel
    """
    if jobs:
        subprocess.run(["scancel", "--quiet", *options, *jobs], check=False, capture_output=True, timeout=60)
