"""Train: from the command line through Hydra to runs in folders."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from fuselab.errors import FuselabError
from fuselab.execute import work
from fuselab.runs.aside import set_aside
from fuselab.runs.attempt import attempt
from fuselab.runs.checks import check_config
from fuselab.runs.conf import conf_folder
from fuselab.runs.files import read_json
from fuselab.runs.folder import RunFolder
from fuselab.runs.identity import run_folder
from fuselab.runs.lock import BusyError
from fuselab.runs.status import Status
from fuselab.runs.stop import STOP
from fuselab.runs.sweep import tell
from fuselab.sweeps import OUTCOME

_refused: list[FuselabError] = []


def job(cfg: DictConfig) -> str | None:
    """Do one run; return what kept it from beginning, for the process that launched it.

    Args:
        cfg: config of the run, as Hydra composed it
    """
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    folder = run_folder(config)
    single = HydraConfig.get().mode != RunMode.MULTIRUN
    try:
        check_config(config)
        if single and config["rerun"] == "all":
            set_aside(folder)
        with STOP.heeding_launch():
            status = attempt(config, folder, work)
        if status is None or status.state == "interrupted":
            STOP.hand_back()
        if single:
            _say(folder, status)
    except FuselabError as error:
        if single:
            _refused.append(error)
        return None if isinstance(error, BusyError) else str(error)
    return None


def _say(folder: RunFolder, status: Status | None) -> None:
    """Say how a single run ended; its test metrics stand in its files and in reports."""
    from rich.console import Console
    from rich.markup import escape

    if status is None:
        return
    if status.state == "failed":
        _refused.append(FuselabError(f"{status.error} (all of it: {folder.path / 'status.json'})"))
        return
    best = "no value yet" if status.best is None else f"{status.monitor} {status.best:.3f}"
    said = best if status.state == "finished" else f"{status.state} at epoch {status.epoch}, {best}"
    console = Console(highlight=False, soft_wrap=True)
    for warning in (read_json(folder.result_file) or {}).get("warnings", ()):
        console.print(f"[yellow]the data[/yellow]: {escape(warning)}")
    console.print(f"[bold]{status.method}[/bold] seed {status.seed}: {said}")
    console.print(str(folder.path))


# Not as a decorator: launchers find a job by its name, and would copy one that another function hides, globals and all.
_hydra_main = hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="train")(job)


def main(arguments: Sequence[str]) -> int:
    """Run Hydra on a command line and return an exit code.

    Args:
        arguments: overrides and Hydra's flags, without the program's name
    """
    from fuselab.launch import prepare_launch

    multirun = prepare_launch(arguments)
    # A user's own package beside his config is found without installing it, here and in the launcher's workers.
    sys.path.insert(0, str(Path.cwd()))
    sys.argv = ["fuselab train", *arguments]
    os.environ.setdefault("HYDRA_FULL_ERROR", "0")
    if multirun:
        _hydra_main()
        return tell(OUTCOME)
    with STOP.heeding_signals():
        _hydra_main()
    for error in _refused:
        raise error
    return STOP.exit_code() or 0


if __name__ == "__main__":
    # Under its own name, not as __main__: a launcher's workers import the job from there.
    from fuselab.errors import exit_code
    from fuselab.train import main as imported

    sys.exit(exit_code(lambda: imported(sys.argv[1:])))
