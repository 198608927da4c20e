"""Train: from the command line through Hydra to runs in folders."""

from __future__ import annotations

import gc
import os
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from fuselab.errors import FuselabError
from fuselab.runs.checks import check_config
from fuselab.runs.conf import conf_folder
from fuselab.runs.files import write_whole
from fuselab.runs.folder import RunFolder
from fuselab.runs.identity import run_folder
from fuselab.runs.ranks import processes, run_ranks
from fuselab.runs.status import State, Status
from fuselab.runs.sweep import close_views

_single_failures: list[str] = []


@hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="train")
def _job(cfg: DictConfig) -> float | None:
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    folder = run_folder(config)
    try:
        score = run(config, folder)
        if HydraConfig.get().mode != RunMode.MULTIRUN:
            _say(config, folder, score)
        return score
    except FuselabError as error:
        # Said in one line by the command line; in a sweep the run's status says it and the other runs go on.
        _single_failures.append(str(error))
    except Exception:
        if HydraConfig.get().mode != RunMode.MULTIRUN:
            raise
    return None


def _say(config: Mapping[str, Any], folder: RunFolder, score: float | None) -> None:
    """Print what a single run found on validation; its test metrics stand in its files and in reports."""
    from rich.console import Console

    found = "left failed (rerun=none)" if score is None else f"{config['monitor']['metric']} {score:.3f}"
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{config['method']}[/bold] seed {config['seed']}: {found}")
    console.print(str(folder.path))


def run(config: Mapping[str, Any], folder: RunFolder) -> float | None:
    """Do one run unless it is done already.

    Args:
        config: resolved config, plain values only
        folder: the run's

    Returns:
        the monitored validation metric of the chosen model, or None where the run was left failed

    Raises:
        FuselabError: whatever keeps the run from its end; its ``status.json`` says so too
    """
    if folder.result() is not None:
        if config["rerun"] != "all":
            return _score(config, folder)
        folder.result_file.unlink()
    before = folder.status()
    if before is not None and before.state == "failed" and config["rerun"] == "none":
        return None
    try:
        check_config(config)
        write_whole(folder.config, lambda temporary: OmegaConf.save(OmegaConf.create(dict(config)), temporary))
        count = processes(config["trainer"])
        if count > 1:
            run_ranks(folder, count=count, threads=config["threads"])
        else:
            from fuselab.execute import execute

            execute(config, folder)
            # A trainer, its model and its data refer to one another in a circle; a launcher's worker whose memory only
            # grows is taken for leaking and started again, imports and all.
            gc.collect()
    except KeyboardInterrupt:
        _end(config, folder, "interrupted")
        raise
    except Exception as error:
        _end(config, folder, "failed", error)
        raise
    _end(config, folder, "finished")
    return _score(config, folder)


def _end(config: Mapping[str, Any], folder: RunFolder, state: State, error: Exception | None = None) -> None:
    status = folder.status() or Status(
        state=state,
        method=config["method"],
        seed=config["seed"],
        max_epochs=config["trainer"]["max_epochs"],
        monitor=config["monitor"]["metric"],
        mode=config["monitor"]["mode"],
    )
    status.state = state
    if error is not None:
        first_line = next(iter(str(error).splitlines()), "")
        status.error = first_line if isinstance(error, FuselabError) else f"{type(error).__name__}: {first_line}"
        status.traceback = "".join(traceback.format_exception(error))
    status.write(folder.path)


def _score(config: Mapping[str, Any], folder: RunFolder) -> float | None:
    result = folder.result()
    split, _, metric = config["monitor"]["metric"].partition("/")
    value = None if result is None else result.get(split, {}).get(metric)
    return None if value is None else float(value)


def main(arguments: Sequence[str]) -> int:
    """Run Hydra on a command line and return an exit code.

    Args:
        arguments: overrides and Hydra's flags, without the program's name
    """
    from fuselab.launch import prepare_launch, report_failures

    launch = prepare_launch(arguments)
    began = time.time()
    # A user's own package beside his config is found without installing it, here and in the launcher's workers.
    sys.path.insert(0, str(Path.cwd()))
    sys.argv = ["fuselab train", *arguments]
    os.environ.setdefault("HYDRA_FULL_ERROR", "0")
    try:
        _job()
    finally:
        close_views()
    if launch.multirun:
        return report_failures(launch, since=began)
    for line in _single_failures:
        raise FuselabError(line)
    return 0


if __name__ == "__main__":
    # Under its own name, not as __main__: a launcher's workers import the job from there.
    from fuselab.errors import exit_code
    from fuselab.train import main as imported

    sys.exit(exit_code(lambda: imported(sys.argv[1:])))
