"""Open Ray, and refuse in words and seconds what Ray would wait for."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from fuselab.errors import ConfigError

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 20.0  # Ray's own patience is 160 seconds


@contextmanager
def connected(address: str | None, init: Mapping[str, Any]) -> Iterator[Any]:
    """Open Ray and close it; a Ray that was started here ends with it."""
    # Under `uv run`, Ray would upload the working folder and build an environment of its own for every worker.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise ConfigError("launcher (ray) must have Ray itself; pip install 'fuselab[ray]'") from error
    if address is None:
        # Without an address Ray would join any cluster that it finds. Runs pass files, so its store can be small.
        where = {"address": "local", "include_dashboard": False, "object_store_memory": 100 * 2**20}
    else:
        _check_address(address)
        where = {"address": address}
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**(where | {"log_to_driver": False, "logging_level": "error"} | dict(init)))
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigError(f"hydra.launcher.address ({address}) must be of a Ray that opens; it says: {said}") from error
    finally:
        # Ray takes SIGTERM for itself; where nobody else wants it, its handler at least ends what was started here.
        if before not in (signal.SIG_DFL, None) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_address(address: str) -> None:
    """Refuse an address in seconds that Ray would try for minutes."""
    if address == "auto":
        return
    what = f"hydra.launcher.address ({address}) must"
    host, _, port = address.rpartition(":")
    if "/" in host or not host or not port.isdigit():
        raise ConfigError(f"{what} be auto or HOST:PORT of the cluster's head; take what `ray start --head` prints")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        raise ConfigError(f"{what} answer; start it with `ray start --head`, or correct it ({error})") from error
    command = [sys.executable, "-m", "ray.scripts.scripts", "status", "--address", address]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ConfigError(f"{what} be of a Ray head; take its own port (6379), not the dashboard's") from error
    if "AuthenticationError" in asked.stderr:
        raise ConfigError(f"{what} be given the cluster's token; set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH=FILE")
    if asked.returncode != 0:
        said = asked.stderr.strip().rpartition("\n")[2]
        raise ConfigError(f"{what} be of a Ray head that answers; see `ray status --address {address}` ({said})")


def check_nodes(nodes: Sequence[Mapping[str, float]], *, cores: int, gpus: float) -> None:
    """Refuse what no node has: Ray would wait for ever for one that does."""
    for key, asked, kind in (("gpus", gpus, "GPU"), ("cores", cores, "CPU")):
        most = max((node.get(kind, 0) for node in nodes), default=0)
        if asked > most:
            raise ConfigError(
                f"hydra.launcher.{key} ({asked:g}) must fit into one Ray node, and the largest has {most:g}; "
                f"take less, or tell Ray what it has with `ray start --num-{kind.lower()}s`"
            )
    if not any(node.get("CPU", 0) >= cores and node.get("GPU", 0) >= gpus for node in nodes):
        raise ConfigError(
            f"hydra.launcher.cores ({cores}) must fit into a node beside hydra.launcher.gpus={gpus:g}; take fewer cores"
        )
