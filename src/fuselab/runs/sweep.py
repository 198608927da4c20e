"""What happens around a Hydra multirun, in the process that launches it."""

from __future__ import annotations

import math
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, open_dict

from fuselab.runs.files import write_json
from fuselab.runs.folder import find_runs
from fuselab.runs.live import LiveThread
from fuselab.runs.status import Status


class SweepCallback(Callback):
    """Write ``sweep.json`` and show the sweep while it runs."""

    def __init__(self) -> None:
        self._live: LiveThread | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Hydra sends its callbacks to the launcher's workers; the view belongs to this process.
        return {"_live": None}

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Note what is to run and open the live view."""
        let_command_line_win(config)
        folder = Path(config.output_dir) / config.name
        total = count_runs([*_params(config), *config.hydra.overrides.task])
        command = shlex.join(["fuselab", "train", *sys.argv[1:]])
        write_json(folder / "sweep.json", {"total": total, "started": time.time(), "command": command})
        self._live = LiveThread(folder)
        self._live.__enter__()
        _open_views.append(self._live)

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        """Close the live view."""
        close_views()


_open_views: list[LiveThread] = []


def close_views() -> None:
    """Close live views that are open, also where a sweep was stopped half-way."""
    while _open_views:
        _open_views.pop().__exit__(None, None, None)


def let_command_line_win(config: DictConfig) -> None:
    """Drop from a sweep file's parameters what the command line sets itself.

    Hydra would multiply the two: ``+sweep=demo seed=0`` would run each method three times with seed 0.
    """
    keys = {override.split("=", 1)[0].lstrip("+~") for override in config.hydra.overrides.task}
    params = config.hydra.sweeper.get("params") or {}
    with open_dict(config):
        config.hydra.sweeper.params = {key: value for key, value in params.items() if key not in keys}


def count_runs(overrides: list[str]) -> int:
    """Return how many runs a list of overrides asks for.

    Example:
        >>> count_runs(["fusion=early/concat,late/mean", "seed=0,1,2", "width=32"])
        6
    """
    parsed = OverridesParser.create().parse_overrides(overrides)
    return math.prod(sum(1 for _ in one.sweep_string_iterator()) if one.is_sweep_override() else 1 for one in parsed)


def failures(sweep: Path, *, since: float) -> list[tuple[Path, Status]]:
    """Return the runs of a sweep that have failed since a moment."""
    found = []
    for folder in find_runs(sweep):
        status = folder.status()
        if status is not None and status.state == "failed" and status.updated >= since:
            found.append((folder.path, status))
    return found


def _params(config: DictConfig) -> list[str]:
    return [f"{key}={value}" for key, value in config.hydra.sweeper.params.items()]
