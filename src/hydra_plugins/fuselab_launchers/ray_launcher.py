"""Hydra launcher that lets Ray share runs out, over this machine or over a cluster that is there already.

hydra-ray-launcher loses the other runs when one worker dies, and repeats a killed run behind the sweep's back.
Hydra imports this module at every start, so Ray itself waits until something is launched; and it does so before the
module is in sys.modules, where dataclasses would look up annotations that are strings (no ``annotations`` import).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus

from fuselab.errors import ConfigError, FuselabError

from ._job import Job, WorkerLauncher, died
from ._ray import check_nodes, connected


@dataclass
class RayLauncherConf:
    """What ``hydra.launcher`` may say; conf/launcher/ray.yaml explains it."""

    _target_: str = "hydra_plugins.fuselab_launchers.ray_launcher.RayLauncher"
    address: str | None = None
    cores: int = 1
    gpus: float = 0.0
    init: dict[str, Any] = field(default_factory=dict)


ConfigStore.instance().store(group="hydra/launcher", name="fuselab_ray", node=RayLauncherConf, provider="fuselab")


class RayLauncher(WorkerLauncher):
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

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Do runs and return how each ended; one whose worker died has failed, and the others go on.

        Raises:
            ConfigError: Ray isn't installed, can't be reached, or lacks what a run asks for
        """
        if not job_overrides:
            return []
        job = self.job()
        self._check_gpus(job_overrides[0])
        with connected(self.address, self.init) as ray:
            check_nodes([node["Resources"] for node in ray.nodes() if node["Alive"]], cores=self.cores, gpus=self.gpus)
            # A killed run is the sweep's to repeat, and a worker with a GPU is as good for the next run as any other.
            remote = ray.remote(num_cpus=self.cores, num_gpus=self.gpus, max_retries=0, max_calls=0)(_run)
            once = ray.put(job)
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
        if self.gpus == 0 and self.wants_gpu(overrides):
            raise ConfigError(
                "hydra.launcher.gpus (0) must be more where trainer.accelerator is gpu, or all runs share one; "
                "add hydra.launcher.gpus=1, or 0.5 for two runs on one"
            )


def _run(job: Job, number: int, overrides: list[str]) -> JobReturn:
    return job(number, overrides)


def _outcome(ray: Any, reference: Any, overrides: Sequence[str]) -> JobReturn:
    try:
        done: JobReturn = ray.get(reference)
        return done
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, FuselabError):
            return JobReturn(overrides=list(overrides), status=JobStatus.FAILED, _return_value=cause)
        return died(overrides, next(iter(str(cause or error).splitlines()), type(error).__name__))
