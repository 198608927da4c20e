"""A run works in processes of its own: what kills one leaves the process that waits for it, and all other runs.

One process is forked from a server that has imported torch already, so imports are paid once a worker and not once a
run. Several are started by torchrun, from inside the job, so ranks never see Hydra and one job stays one folder under
every launcher. Either way they read the run's ``config.yaml`` and write into its folder.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

import psutil

from fuselab.errors import ConfigError
from fuselab.runs.folder import RunFolder

OWNER = "FUSELAB_OWNER"  # PID of the process that waits for the run
# What every run imports. The server imports it once, and never runs any of it: a fork must find no threads.
PRELOAD = (
    "torch",
    "pytorch_lightning",
    "torchaudio",
    "transformers.models.bert.modeling_bert",
    "wandb",
    "pyarrow.parquet",
    "pandas",
    "hydra.utils",
)
# macOS's own libraries don't stand a fork.
METHOD = "forkserver" if sys.platform == "linux" else "spawn"

Work = Callable[[str], None]  # does the run of the folder that it is given


class Process(Protocol):
    """What works on a run."""

    def wait(self, seconds: float) -> int | None:
        """Wait so long at most; return the exit code, below 0 for a signal, or None while it works."""

    def terminate(self) -> None:
        """Ask it to leave in order."""

    def kill(self) -> None:
        """End it, and all that it started."""


def processes(trainer: Mapping[str, Any]) -> int:
    """Return how many processes a trainer config asks for on this machine.

    Example:
        >>> processes({"devices": 2}), processes({"devices": [0, 3, 5]})
        (2, 3)
        >>> processes({"devices": "auto", "accelerator": "cpu"})
        1
    """
    devices = trainer["devices"]
    if isinstance(devices, list):
        return len(devices)
    if devices == "auto":
        return max(1, _gpus()) if trainer["accelerator"] in ("gpu", "cuda", "auto") else 1
    return int(devices)


def _gpus() -> int:
    """Count GPUs without torch, whose import takes seconds."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([one for one in visible.split(",") if one.strip()])
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())


def node() -> int:
    """Return the number of this machine among those that share a run; only the first one writes into its folder."""
    return int(os.environ.get("NODE_RANK", "0"))


def start(work: Work, folder: RunFolder, *, trainer: Mapping[str, Any], threads: int | None) -> Process:
    """Start what works on a run.

    Args:
        work: a function that can be imported
        folder: the run's, with its ``config.yaml``
        trainer: its trainer config
        threads: CPU threads of each process, or None to share the cores out

    Raises:
        ConfigError: several machines that aren't told how to meet
    """
    count, nodes = processes(trainer), trainer["num_nodes"]
    if count == 1 and nodes == 1:
        return Forked(work, folder)
    return Ranks(work, folder, count=count, meet=["--standalone"] if nodes == 1 else _meet(nodes), threads=threads)


def _meet(nodes: int) -> list[str]:
    address, port = os.environ.get("MASTER_ADDR"), os.environ.get("MASTER_PORT", "29500")
    if address is None or "NODE_RANK" not in os.environ:
        raise ConfigError(
            f"trainer.num_nodes ({nodes}) must come with MASTER_ADDR and NODE_RANK in the environment; launch on every "
            "machine as conf/trainer/ddp_nodes.yaml shows"
        )
    return [f"--nnodes={nodes}", f"--node-rank={node()}", f"--master-addr={address}", f"--master-port={port}"]


def warm_up() -> None:
    """Let the server begin with its imports, while this process goes on."""
    if METHOD == "forkserver":
        multiprocessing.get_context(METHOD).set_forkserver_preload(list(PRELOAD))
        with _without_caller_main(), _out_of_reach(signal.SIGUSR2):
            resource_tracker.ensure_running()  # unblocks SIGTERM where it is new
            with _out_of_reach(signal.SIGTERM):
                forkserver.ensure_running()


@contextmanager
def _out_of_reach(*numbers: signal.Signals) -> Iterator[None]:
    """Start processes that signals don't reach: Slurm sends a job's to all its processes, and one decides for all."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _without_caller_main() -> Iterator[None]:
    """Hide ``__main__``: a new process would import it first, and a launcher's worker has a heavy one."""
    main = sys.modules["__main__"].__dict__
    hidden = {name: main.get(name) for name in ("__spec__", "__file__")}
    main.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        main.update(hidden)


class Forked:
    """One process, forked from the server.

    Args:
        work: see ``start``
        folder: the run's
    """

    def __init__(self, work: Work, folder: RunFolder) -> None:
        warm_up()
        # The server's environment is as old as the server; a launcher may have given this run another device.
        environment = {**os.environ, OWNER: str(os.getpid())}
        if multiprocessing.get_start_method(allow_none=True) not in (None, *multiprocessing.get_all_start_methods()):
            # A launcher's worker may have a way of its own, which a new process would be told and would not know.
            multiprocessing.set_start_method(METHOD, force=True)
        context: Any = multiprocessing.get_context(METHOD)
        self._process: BaseProcess = context.Process(
            target=_enter, args=(work, str(folder.path), environment), name=folder.path.name
        )
        with _without_caller_main():
            self._process.start()

    def wait(self, seconds: float) -> int | None:
        """Wait for it."""
        self._process.join(seconds)
        return self._process.exitcode

    def terminate(self) -> None:
        """Ask it to leave in order."""
        self._process.terminate()

    def kill(self) -> None:
        """End it."""
        _kill_tree(self._process.pid)


class Ranks:
    """Several processes, started by torchrun.

    Args:
        work: see ``start``
        folder: the run's
        count: number of processes on this machine
        meet: torchrun's arguments that say how machines find one another
        threads: CPU threads of each process, or None to share the cores out
    """

    def __init__(self, work: Work, folder: RunFolder, *, count: int, meet: Sequence[str], threads: int | None) -> None:
        command = [sys.executable, "-m", "torch.distributed.run", *meet, f"--nproc-per-node={count}"]
        command += ["-m", work.__module__, str(folder.path)]
        each = threads or max(1, (os.cpu_count() or 1) // count)
        environment = {
            **os.environ,
            OWNER: str(os.getpid()),
            "OMP_NUM_THREADS": str(each),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        folder.path.mkdir(parents=True, exist_ok=True)
        with folder.log.open("ab") as log, _out_of_reach(signal.SIGUSR2):
            # A session of its own: a terminal's Ctrl-C reaches this process only, which asks torchrun to end the ranks.
            self._process = subprocess.Popen(
                command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=log
            )

    def wait(self, seconds: float) -> int | None:
        """Wait for torchrun."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def terminate(self) -> None:
        """Ask torchrun, and it its ranks, to leave in order."""
        self._process.terminate()

    def kill(self) -> None:
        """End torchrun and its ranks."""
        _kill_tree(self._process.pid)


def die_with_owner(grace: float = 60.0) -> None:
    """In a run's process: leave in order when the process that waits for it is gone; at once after a while.

    Args:
        grace: seconds to leave in order
    """
    owner = os.environ.get(OWNER)
    if owner is not None:
        threading.Thread(target=_watch, args=(int(owner), grace), name="owner", daemon=True).start()


def _watch(owner: int, grace: float) -> None:
    # It may go between two questions.
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(owner)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace)
    os._exit(1)


def _enter(work: Work, folder: str, environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    # What C libraries say belongs to the run, and not to the screen.
    with RunFolder(Path(folder)).log.open("ab") as log:
        os.dup2(log.fileno(), sys.stderr.fileno())
    # A terminal sends it to every process; the one that waits for this run decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])  # see warm_up
    work(folder)


def _kill_tree(pid: int | None) -> None:
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for one in [*root.children(recursive=True), root]:
            with suppress(psutil.NoSuchProcess):
                one.kill()
