"""Hydra launcher that lets Ray share runs out, over this machine or over a cluster that is there already.

hydra-ray-launcher loses the other runs when one worker dies, and repeats a killed run behind the sweep's back.
Hydra imports this module at every start, so Ray itself waits until something is launched; and it does so before the
module is in sys.modules, where dataclasses would look up annotations that are strings (no ``annotations`` import).
"""

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, configure_log, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from fuselab.errors import ConfigError, FuselabError

from ._cluster import check_nodes, connected

# A cluster's workers have the environment of `ray start`, not that of the user who launches.
PASSED_ON = ("FUSELAB_", "WANDB_")


@dataclass
class RayLauncherConf:
    """What ``hydra.launcher`` may say; conf/launcher/ray.yaml explains it."""

    _target_: str = "hydra_plugins.fuselab_ray.launcher.RayLauncher"
    address: str | None = None
    cores: int = 1
    gpus: float = 0.0
    init: dict[str, Any] = field(default_factory=dict)


ConfigStore.instance().store(group="hydra/launcher", name="fuselab_ray", node=RayLauncherConf, provider="fuselab")


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What all runs of a launch have in common; sent to a node once."""

    hydra_context: HydraContext
    config: DictConfig
    task_function: TaskFunction
    singletons: Any
    cwd: Path
    sweep_dir: Path
    environment: Mapping[str, str]


class RayLauncher(Launcher):
    """Give every run to a Ray worker; workers take one run after the other.

    Args:
        address: HOST:PORT of a cluster's head, ``auto`` for the one on this machine, None to start Ray here
        cores: CPU cores of a run
        gpus: GPUs of a run; a fraction lets runs share one
        init: more arguments of ``ray.init``
    """

    def __init__(self, *, address: str | None, cores: int, gpus: float, init: Mapping[str, Any]) -> None:
        self.address = address
        self.cores = cores
        self.gpus = gpus
        self.init = dict(init)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take from Hydra what jobs need."""
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config = config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Do runs and return how each ended; one whose worker died has failed, and the others go on.

        Raises:
            ConfigError: Ray isn't installed, can't be reached, or lacks what a run asks for
        """
        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        sweep_dir = Path(str(self.config.hydra.sweep.dir)).resolve()
        sweep_dir.mkdir(parents=True, exist_ok=True)
        if not job_overrides:
            return []
        self._check_gpus(job_overrides[0])
        shared = Shared(
            hydra_context=self.hydra_context,
            config=self.config,
            task_function=self.task_function,
            singletons=Singleton.get_state(),
            cwd=Path.cwd(),
            sweep_dir=sweep_dir,
            environment={key: value for key, value in os.environ.items() if key.startswith(PASSED_ON)},
        )
        with connected(self.address, self.init) as ray:
            check_nodes([node["Resources"] for node in ray.nodes() if node["Alive"]], cores=self.cores, gpus=self.gpus)
            # A killed run is the sweep's to repeat, and a worker with a GPU is as good for the next run as any other.
            remote = ray.remote(num_cpus=self.cores, num_gpus=self.gpus, max_retries=0, max_calls=0)(_run)
            once = ray.put(shared)
            working = {
                remote.remote(once, initial_job_idx + place, list(overrides)): place
                for place, overrides in enumerate(job_overrides)
            }
            returns: dict[int, JobReturn] = {}
            while working:
                for reference in ray.wait(list(working))[0]:
                    place = working.pop(reference)
                    returns[place] = _outcome(ray, reference, job_overrides[place])
        return [returns[place] for place in range(len(job_overrides))]

    def _check_gpus(self, overrides: Sequence[str]) -> None:
        if self.gpus < 0 or (self.gpus > 1 and self.gpus != int(self.gpus)):
            raise ConfigError(f"hydra.launcher.gpus ({self.gpus:g}) must be a fraction up to 1, or whole; round it")
        config = self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
        if self.gpus == 0 and OmegaConf.select(config, "trainer.accelerator") == "gpu":
            raise ConfigError(
                "hydra.launcher.gpus (0) must be more where trainer.accelerator is gpu, or all runs share one; "
                "add hydra.launcher.gpus=1, or 0.5 for two runs on one"
            )


def _run(shared: Shared, number: int, overrides: list[str]) -> JobReturn:
    """In a worker: do one run as Hydra's own launchers do."""
    for folder in (shared.cwd, shared.sweep_dir):
        if not folder.is_dir():
            raise ConfigError(
                f"the folder ({folder}) must be there on every Ray node, and {socket.gethostname()} lacks it; "
                "launch from a folder that all nodes share"
            )
    os.chdir(shared.cwd)
    if str(shared.cwd) not in sys.path:
        sys.path.insert(0, str(shared.cwd))
    os.environ.update(shared.environment)
    setup_globals()
    Singleton.set_state(shared.singletons)
    config = shared.hydra_context.config_loader.load_sweep_config(shared.config, overrides)
    with open_dict(config):
        config.hydra.job.id = f"{config.hydra.job.name}_{number}"
        config.hydra.job.num = number
    HydraConfig.instance().set_config(config)
    return run_job(
        hydra_context=shared.hydra_context,
        config=config,
        task_function=shared.task_function,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )


def _outcome(ray: Any, reference: Any, overrides: Sequence[str]) -> JobReturn:
    try:
        done: JobReturn = ray.get(reference)
        return done
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None)
        said = next(iter(str(cause or error).splitlines()), type(error).__name__)
        if isinstance(cause, FuselabError):
            failure: Exception = cause
        else:  # no fault of the config: a sweep may launch the run again
            failure = RuntimeError(
                f"the Ray worker of the run ({' '.join(overrides)}) must live until it ends ({said})"
            )
        return JobReturn(overrides=list(overrides), status=JobStatus.FAILED, _return_value=failure)
