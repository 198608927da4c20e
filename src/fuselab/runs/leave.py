"""How a run's process leaves in order: at SIGTERM, with its last epoch kept."""

from __future__ import annotations

import signal
from types import FrameType

LEFT_IN_ORDER = 75  # the exit code that says so


_leaving: list[bool] = []


class Left(BaseException):
    """The run was asked to leave; no handler of errors may take it for one."""


def leave(_: int, __: FrameType | None) -> None:
    """Leave the run, wherever it is.

    Checkpoints are written whole or not at all, so there is nothing to wait for.

    Raises:
        Left: at the first signal
    """
    # Not by ignoring the signal: Lightning sets its handler back while it cleans up.
    if not _leaving:
        _leaving.append(True)
        raise Left


def leave_at_sigterm() -> None:
    """Leave at the first SIGTERM; further ones change nothing."""
    signal.signal(signal.SIGTERM, leave)
