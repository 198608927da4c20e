"""A run as a job of some worker elsewhere: all that Hydra's own launchers do before and around it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, configure_log, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from fuselab.errors import ConfigError

# A worker may have the environment of its cluster, not that of the user who launches.
PASSED_ON = ("FUSELAB_", "WANDB_")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What all runs of a launch have in common; called in a worker, it does one of them."""

    hydra_context: HydraContext
    config: DictConfig
    task_function: TaskFunction
    singletons: Any
    cwd: Path
    sweep_dir: Path
    environment: Mapping[str, str]

    def __call__(self, number: int, overrides: Sequence[str]) -> JobReturn:
        """Do one run.

        Args:
            number: of the run in its sweep
            overrides: of the run

        Raises:
            ConfigError: a folder that the worker's machine lacks
        """
        for folder in (self.cwd, self.sweep_dir):
            if not folder.is_dir():
                raise ConfigError(
                    f"the folder ({folder}) must be there on every machine, and {socket.gethostname()} lacks it; "
                    "launch from a folder that all machines share"
                )
        os.chdir(self.cwd)
        if str(self.cwd) not in sys.path:
            sys.path.insert(0, str(self.cwd))
        os.environ.update(self.environment)
        setup_globals()
        Singleton.set_state(self.singletons)
        config = self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
        with open_dict(config):
            config.hydra.job.id = f"{config.hydra.job.name}_{number}"
            config.hydra.job.num = number
        HydraConfig.instance().set_config(config)
        return run_job(
            hydra_context=self.hydra_context,
            config=config,
            task_function=self.task_function,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )

    def checkpoint(self, number: int, overrides: Sequence[str]) -> Any:
        """Return what submitit puts back into the queue of a cluster: the same run, which goes on where it was."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, number, overrides)


class WorkerLauncher(Launcher):
    """What launchers of jobs elsewhere have in common."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take from Hydra what jobs need."""
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config = config

    def job(self) -> Job:
        """Return what jobs have in common, with the sweep's folder made."""
        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        sweep_dir = Path(str(self.config.hydra.sweep.dir)).resolve()
        sweep_dir.mkdir(parents=True, exist_ok=True)
        return Job(
            hydra_context=self.hydra_context,
            config=self.config,
            task_function=self.task_function,
            singletons=Singleton.get_state(),
            cwd=Path.cwd(),
            sweep_dir=sweep_dir,
            environment={key: value for key, value in os.environ.items() if key.startswith(PASSED_ON)},
        )

    def wants_gpu(self, overrides: Sequence[str]) -> bool:
        """Say whether a run is to train on a GPU."""
        config = self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
        return bool(OmegaConf.select(config, "trainer.accelerator") == "gpu")


def died(overrides: Sequence[str], what: str) -> JobReturn:
    """Return the outcome of a run whose worker is gone: no fault of its config, so a sweep may launch it again.

    Args:
        overrides: of the run
        what: happened to the worker
    """
    failure = RuntimeError(f"the worker of the run ({' '.join(overrides)}) must live until it ends ({what})")
    return JobReturn(overrides=list(overrides), status=JobStatus.FAILED, _return_value=failure)
