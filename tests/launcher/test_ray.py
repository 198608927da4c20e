"""launcher=ray: a Ray of its own, a cluster of two nodes on this machine, and what it says when Ray can't do it."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from fuselab.errors import ConfigError
from hydra_plugins.fuselab_launchers import _ray
from hydra_plugins.fuselab_launchers._job import Job
from hydra_plugins.fuselab_launchers._ray import check_nodes, connected

from ..conftest import TINY

# Jobs that only say where they ran: what the launcher promises, without a training.
APP = """
import json, os, signal, time
from pathlib import Path
import hydra

@hydra.main(version_base="1.3", config_path=None)
def job(cfg):
    import ray
    where = {"pid": os.getpid(), "node": ray.get_runtime_context().get_node_id(), "began": time.time()}
    where |= {"gpu": os.environ.get("CUDA_VISIBLE_DEVICES"), "cache": os.environ.get("FUSELAB_CACHE")}
    Path(f"{cfg.i}-{os.getpid()}.begun").touch()
    time.sleep(1.5)
    if cfg.get("die") == cfg.i:
        os.kill(os.getpid(), signal.SIGKILL)
    Path(f"{cfg.i}.json").write_text(json.dumps(where | {"ended": time.time()}))

job()
"""


@pytest.fixture(autouse=True, scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Shut everybody else out of the tests' clusters, without a token in the user's home."""
    path = tmp_path_factory.mktemp("ray") / "token"
    path.write_text(secrets.token_hex(32))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN_PATH", str(path))
        patch.setenv("RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S", "0")
        yield


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _ray_start(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1", "--disable-usage-stats"]
    # `ray start` in a folder and an environment of its own, as on another machine.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FUSELAB_")}
    return subprocess.Popen([*command, *arguments], cwd="/", env=environment, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Start two nodes with a core each."""
    address = f"127.0.0.1:{_free_port()}"
    head = ("--head", f"--port={address.rpartition(':')[2]}", "--include-dashboard=false")
    nodes = [_ray_start(*head, f"--ray-client-server-port={_free_port()}")]
    try:
        _wait_for(address, nodes=1)
        nodes.append(_ray_start(f"--address={address}"))
        _wait_for(address, nodes=2)
        yield address
    finally:
        started = [child for node in nodes for child in psutil.Process(node.pid).children(recursive=True)]
        for node in nodes:
            node.terminate()
        for node in nodes:
            node.wait(30)
        for child in psutil.wait_procs(started, timeout=5)[1]:
            child.kill()


def _wait_for(address: str, *, nodes: int) -> None:
    command = [sys.executable, "-m", "ray.scripts.scripts", "status", "--address", address]
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=1).close()
        except OSError:
            time.sleep(0.2)
            continue
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        if said.partition("Pending:")[0].count("node_") >= nodes:
            return
    raise AssertionError(said)


def _app(folder: Path, *arguments: str, code: int = 0) -> tuple[dict[int, dict[str, Any]], str]:
    (folder / "app.py").write_text(APP)
    done = subprocess.run(
        [sys.executable, "app.py", "-m", "hydra/launcher=fuselab_ray", *arguments],
        cwd=folder,
        env={**os.environ, "FUSELAB_CACHE": "mine"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return {int(path.stem): json.loads(path.read_text()) for path in folder.glob("*.json")}, done.stderr


@pytest.mark.cluster
def test_a_killed_worker_leaves_the_other_runs_alone(tmp_path):
    runs, said = _app(tmp_path, "+i=0,1,2,3,4,5", "+die=1", "+hydra.launcher.init.num_cpus=2", code=1)
    assert sorted(runs) == [0, 2, 3, 4, 5], "the killed run took others along"
    assert len(list(tmp_path.glob("1-*.begun"))) == 1, "the killed run was repeated behind the sweep's back"
    assert "the worker of the run (+i=1 +die=1) must live until it ends" in said
    assert len({one["pid"] for one in runs.values()}) <= 3, "two workers and the dead one's successor"


@pytest.mark.cluster
def test_two_runs_share_a_gpu(tmp_path):
    runs, _ = _app(tmp_path, "+i=0,1,2,3", "hydra.launcher.gpus=0.5", "+hydra.launcher.init={num_cpus:4,num_gpus:1}")
    assert {one["gpu"] for one in runs.values()} == {"0"}
    together = [
        sum(one["began"] < other["ended"] and other["began"] < one["ended"] for other in runs.values())
        for one in runs.values()
    ]
    assert max(together) == 2, "itself and one beside it"
    assert len({one["pid"] for one in runs.values()}) == 2, "a worker with a GPU takes the next run too"


@pytest.mark.cluster
def test_both_nodes_of_a_cluster_work(cluster, tmp_path):
    runs, _ = _app(tmp_path, "+i=0,1,2,3", f"hydra.launcher.address='{cluster}'")
    assert sorted(runs) == [0, 1, 2, 3]
    assert len({one["node"] for one in runs.values()}) == 2
    assert {one["cache"] for one in runs.values()} == {"mine"}


@pytest.mark.cluster
def test_a_sweep_on_a_cluster(cluster, shell, tmp_path):
    shell(
        "train",
        "-m",
        "seed=0,1",
        *TINY,
        "logger=none",
        "launcher=ray",
        f"hydra.launcher.address='{cluster}'",
        cwd=tmp_path,
    )
    assert len(list(tmp_path.glob("outputs/trio_digits/*/result.json"))) == 2


@pytest.mark.cluster
@pytest.mark.smoke
def test_a_sweep_on_this_machine(shell, tmp_path):
    shell("train", "-m", "fusion=early/concat,late/mean", *TINY, "logger=none", "launcher=ray", cwd=tmp_path)
    results = list(tmp_path.glob("outputs/trio_digits/*/result.json"))
    assert {json.loads(path.read_text())["method"] for path in results} == {"early/concat", "late/mean"}


@pytest.mark.cluster
def test_runs_of_several_processes(shell, tmp_path):
    ddp = ("trainer=ddp", "trainer.devices=2", "threads=1", "hydra.launcher.cores=2")
    shell("train", "-m", "seed=0,1", *TINY, *ddp, "logger=none", "launcher=ray", cwd=tmp_path)
    assert len(list(tmp_path.glob("outputs/trio_digits/*/result.json"))) == 2


@pytest.mark.cluster
def test_ray_leaves_sigterm_alone():
    def mine(*_: Any) -> None:
        pass

    before = signal.signal(signal.SIGTERM, mine)
    try:
        with connected(None, {"num_cpus": 1}) as ray:
            assert signal.getsignal(signal.SIGTERM) is mine
            check_nodes([node["Resources"] for node in ray.nodes()], cores=1, gpus=0)
        assert not ray.is_initialized()
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.cluster
def test_more_gpus_than_there_are(tmp_path):
    runs, said = _app(tmp_path, "+i=0,1", "hydra.launcher.gpus=64", code=1)
    assert not runs
    assert "hydra.launcher.gpus (64) must fit into one Ray node" in said


@pytest.mark.cluster
def test_a_cluster_with_a_token(cluster, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with (
        pytest.raises(ConfigError, match="must be given the cluster's token; set RAY_AUTH_MODE=token"),
        connected(cluster, {}),
    ):
        pass


@pytest.mark.cluster
def test_a_port_that_is_not_rays(monkeypatch):
    monkeypatch.setattr(_ray, "ANSWER_SECONDS", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with (
            pytest.raises(ConfigError, match=r"must be of a Ray head; take its own port \(6379\)"),
            connected(address, {}),
        ):
            pass


def test_a_gpu_run_without_a_share_of_a_gpu(tmp_path):
    runs, said = _app(tmp_path, "+i=0,1", "+trainer.accelerator=gpu", code=1)
    assert not runs
    assert "hydra.launcher.gpus (0) must be more where trainer.accelerator is gpu" in said


def test_nobody_answers():
    address, began = f"127.0.0.1:{_free_port()}", time.monotonic()
    with (
        pytest.raises(ConfigError, match=rf"hydra.launcher.address \({address}\) must answer; start it"),
        connected(address, {}),
    ):
        pass
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("address", ["ray://head:10001", "head", "head:", ":6379"])
def test_an_address_without_host_and_port(address):
    with pytest.raises(ConfigError, match="must be auto or HOST:PORT of the cluster's head"), connected(address, {}):
        pass


def test_without_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install 'fuselab\[ray\]'"), connected(None, {}):
        pass


@pytest.mark.parametrize(
    ("cores", "gpus", "said"),
    [
        (8, 0, r"hydra.launcher.cores \(8\) must fit into one Ray node, and the largest has 4; take less"),
        (1, 3, r"hydra.launcher.gpus \(3\) must fit into one Ray node, and the largest has 2; take less"),
        (4, 1, r"hydra.launcher.cores \(4\) must fit into a node beside hydra.launcher.gpus=1"),
    ],
)
def test_what_no_node_has(cores, gpus, said):
    nodes = [{"CPU": 4.0}, {"CPU": 2.0, "GPU": 2.0}]
    check_nodes(nodes, cores=2, gpus=0.5)
    with pytest.raises(ConfigError, match=said):
        check_nodes(nodes, cores=cores, gpus=gpus)


def test_a_node_without_the_sweeps_folder(tmp_path):
    missing: Any = tmp_path / "missing"
    nothing: Any = None
    job = Job(
        hydra_context=nothing,
        config=nothing,
        task_function=nothing,
        singletons=nothing,
        cwd=tmp_path,
        sweep_dir=missing,
        environment={},
    )
    with pytest.raises(ConfigError, match=rf"the folder \({missing}\) must be there on every machine"):
        job(0, [])
