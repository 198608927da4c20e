"""Hydra launcher that gives every run to submitit: a job of Slurm, or a process of this machine that is treated so.

hydra-submitit-launcher gives up on all runs when one job dies, asks for accounting that many clusters lack and without
which it waits for ever, and leaves its jobs in the queue when it is interrupted.
Hydra imports this module at every start, so submitit itself waits until something is launched; and it does so before
the module is in sys.modules, where dataclasses would look up annotations that are strings (no ``annotations`` import).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from omegaconf import MISSING, OmegaConf

from fuselab.errors import ConfigError
from fuselab.runs.stop import STOP

from . import _slurm
from ._job import WorkerLauncher, died

LOOK = 0.5  # seconds between two looks at results
ASK = 5.0  # seconds between two questions to Slurm
PATIENCE = 20.0  # seconds that a shared folder may take to show the result of a job that has ended


@dataclass
class SubmititLauncherConf:
    """What ``hydra.launcher`` may say; conf/launcher/slurm.yaml explains it."""

    _target_: str = "hydra_plugins.fuselab_launchers.submitit_launcher.SubmititLauncher"
    cluster: str = "slurm"
    submitit_folder: str = MISSING
    at_once: int | None = None
    max_num_timeout: int = 0
    name: str = "fuselab"
    timeout_min: int = 60
    cpus_per_task: int = 1
    gpus_per_node: int | None = None
    mem_gb: float | None = None
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    array_parallelism: int = 256
    signal_delay_s: int = 90
    additional_parameters: dict[str, Any] = field(default_factory=dict)
    setup: list[str] = field(default_factory=list)


ConfigStore.instance().store(
    group="hydra/launcher", name="fuselab_submitit", node=SubmititLauncherConf, provider="fuselab"
)


class SubmititLauncher(WorkerLauncher):
    """Give every run to a job of its own.

    Args:
        cluster: ``slurm``, or ``local`` for processes of this machine
        submitit_folder: for logs and pickles of jobs; ``%j`` stands for a job's id
        at_once: jobs that are submitted at the same time; None submits all, as one array
        max_num_timeout: times that a job which runs into its time limit goes on
        of_job: what a job asks for, by submitit's names
    """

    def __init__(
        self,
        *,
        cluster: str,
        submitit_folder: str,
        at_once: int | None,
        max_num_timeout: int,
        **of_job: Any,
    ) -> None:
        self.cluster = cluster
        self.submitit_folder = submitit_folder
        self.at_once = at_once
        self.max_num_timeout = max_num_timeout
        # What submitit names alike for every cluster; the rest are options of sbatch.
        shared = ("name", "timeout_min", "cpus_per_task", "gpus_per_node", "mem_gb")
        plain: Any = OmegaConf.to_object(OmegaConf.create(of_job))
        self.parameters = {
            key if key in shared else f"slurm_{key}": value for key, value in plain.items() if value is not None
        }

    def executor(self) -> Any:
        """Return what submits jobs.

        Raises:
            ConfigError: no submitit, no Slurm, or parameters that submitit doesn't know
        """
        try:
            import submitit
        except ImportError as error:
            raise ConfigError("launcher (slurm) must have submitit; pip install 'fuselab[slurm]'") from error
        if self.cluster == "slurm":
            _slurm.require()
        folder = Path(self.submitit_folder).resolve()
        more = {f"{self.cluster}_max_num_timeout": self.max_num_timeout}
        try:
            executor = submitit.AutoExecutor(folder=folder, cluster=self.cluster, **more)
            executor.update_parameters(**self.parameters)
        except (NameError, TypeError, ValueError) as error:
            raise ConfigError(f"hydra.launcher must hold what submitit takes; it says: {error}") from error
        return executor

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Do runs and return how each ended; one whose job died has failed, and the others go on.

        Raises:
            ConfigError: no Slurm, or one that refuses such jobs
        """
        if not job_overrides:
            return []
        if not self.parameters.get("gpus_per_node") and self.wants_gpu(job_overrides[0]):
            raise ConfigError(
                "hydra.launcher.gpus_per_node (null) must be a number where trainer.accelerator is gpu, or jobs get "
                "none; add hydra.launcher.gpus_per_node=1"
            )
        job, executor = self.job(), self.executor()
        runs = [(initial_job_idx + place, list(overrides)) for place, overrides in enumerate(job_overrides)]
        waiting = list(range(len(runs)))
        working: dict[int, Any] = {}
        returns: dict[int, JobReturn] = {}
        queue = SlurmQueue() if self.cluster == "slurm" else LocalQueue()
        try:
            while waiting or working:
                if STOP.asked():
                    waiting.clear()
                    queue.take_out_waiting(working.values())
                free = len(waiting) if self.at_once is None else self.at_once - len(working)
                some, waiting = waiting[:free], waiting[free:]
                if some:
                    jobs = _submit(executor, job, [runs[place] for place in some])
                    working |= dict(zip(some, jobs, strict=True))
                for place, one in [*working.items()]:
                    if (outcome := _outcome(one, runs[place][1], queue)) is not None:
                        returns[place] = outcome
                        del working[place]
                if working:
                    time.sleep(LOOK)
        except BaseException:
            queue.cancel(working.values())
            raise
        return [returns.get(place) or died(run[1], "stopped before its turn") for place, run in enumerate(runs)]


def _submit(executor: Any, job: Any, runs: Sequence[tuple[int, list[str]]]) -> Sequence[Any]:
    from submitit.core.utils import FailedJobError

    try:
        jobs: Sequence[Any] = executor.map_array(job, *zip(*runs, strict=True))
    except FailedJobError as error:
        said = str(error).strip().rpartition("\n")[2]
        raise ConfigError(f"hydra.launcher must describe jobs that Slurm takes; it says: {said}") from error
    return jobs


def _outcome(one: Any, overrides: Sequence[str], queue: "SlurmQueue | LocalQueue") -> JobReturn | None:
    """Return how a job ended, None while it may still have a result."""
    if one.paths.result_pickle.exists():
        if (error := one.exception()) is None:
            done: JobReturn = one.result()
            return done
        said = str(error).strip().split("\n")
        return died(overrides, next((line for line in reversed(said) if "Error" in line), said[0]))
    gone = queue.gone(one)
    return None if gone is None else died(overrides, f"{gone}; see {one.paths.stderr}")


class LocalQueue:
    """Jobs that are processes of this machine."""

    def gone(self, one: Any) -> str | None:
        """Say how a job without a result ended, None where it hasn't."""
        # Its result may have come since the caller looked.
        return "its process ended without a result" if one.done() and not one.paths.result_pickle.exists() else None

    def take_out_waiting(self, jobs: Any) -> None:
        """Do nothing: every job has begun, and is told by the sweep's marker."""

    def cancel(self, jobs: Any) -> None:
        """End jobs."""
        for one in jobs:
            one.cancel()


class SlurmQueue:
    """Jobs of Slurm."""

    def __init__(self) -> None:
        self._states: dict[str, str] | None = None
        self._asked = float("-inf")
        self._ended: dict[str, float] = {}
        self._emptied = False

    def gone(self, one: Any) -> str | None:
        """Say how a job without a result ended, None where it hasn't, or where its result may be on its way."""
        now = time.monotonic()
        if now - self._asked > ASK:
            self._asked = now
            self._states = _slurm.states()
        if self._states is None:  # a controller that restarts has lost nothing
            return None
        state = self._states.get(one.job_id, "out of the queue")
        if one.job_id in self._states and state not in _slurm.ENDED:
            self._ended.pop(one.job_id, None)
            return None
        ended = self._ended.setdefault(one.job_id, now)
        patience = 0 if self._emptied else PATIENCE
        return f"Slurm's job {one.job_id} is {state}" if now - ended >= patience else None

    def take_out_waiting(self, jobs: Any) -> None:
        """Take jobs out of the queue that haven't begun; those that have are told by the sweep's marker."""
        if not self._emptied:
            self._emptied = True
            _slurm.cancel([one.job_id for one in jobs], "--state=PENDING")
            self._asked = float("-inf")

    def cancel(self, jobs: Any) -> None:
        """End jobs, wherever they are."""
        _slurm.cancel([one.job_id for one in jobs])
