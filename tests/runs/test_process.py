"""A run's processes, for real: forked ones that do what a script says, and torchrun's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from omegaconf import OmegaConf

from fuselab.errors import ConfigError
from fuselab.execute import work
from fuselab.runs import process as process_module
from fuselab.runs.attempt import begun
from fuselab.runs.compose import composer, resolved
from fuselab.runs.files import read_json, write_json, write_whole
from fuselab.runs.folder import RunFolder
from fuselab.runs.leave import LEFT_IN_ORDER
from fuselab.runs.process import PRELOAD, Forked, Process, Ranks, processes, start

from ..conftest import TINY
from . import works
from .conftest import pid_of, wait_until

ROOT = Path(__file__).parents[2]
# Stands for a launcher's worker: it waits for a run, and is killed.
OWNER = """
import sys
from pathlib import Path
from fuselab.runs import process
from fuselab.runs.folder import RunFolder
from tests.runs import works
process.PRELOAD = ()
process.Forked(works.play, RunFolder(Path(sys.argv[1]))).wait(120)
"""
OWNER_OF_RANKS = """
import sys
from pathlib import Path
from fuselab.execute import work
from fuselab.runs.folder import RunFolder
from fuselab.runs.process import Ranks
Ranks(work, RunFolder(Path(sys.argv[1])), count=2, meet=["--standalone"], threads=1).wait(120)
"""


@pytest.mark.parametrize(
    ("devices", "accelerator", "count"),
    [(1, "cpu", 1), (2, "cpu", 2), ([3], "gpu", 1), ([0, 3, 5], "gpu", 3), ("auto", "cpu", 1), ("auto", "gpu", 2)],
    ids=str,
)
def test_a_trainer_asks_for_so_many_processes(devices, accelerator, count, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    assert processes({"devices": devices, "accelerator": accelerator}) == count


@pytest.mark.parametrize("visible", ["", "GPU-1", None])
def test_an_automatic_trainer_has_one_process_at_least(visible, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert processes({"devices": "auto", "accelerator": "gpu"}) == 1


def ended(process: Process, seconds: float = 60.0) -> int | None:
    """Wait for a process, and end it where it doesn't end."""
    code = process.wait(seconds)
    if code is None:
        process.kill()
    return code


def alive(*processes: psutil.Process) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize(("act", "code"), [("finish", 0), ("refuse", 1), ("exit_with_7", 7)])
def test_the_exit_code_is_the_processs_own(act, code, scripted):
    config, folder = scripted(act)
    begun(config).write(folder.path)
    folder.config.touch()
    assert ended(Forked(works.play, folder)) == code


def test_a_signal_shows_below_zero(scripted):
    _, folder = scripted("keep_a_checkpoint_and_die")
    assert ended(Forked(works.play, folder)) == -signal.SIGKILL


def test_whoever_waits_need_not_wait_to_the_end(scripted):
    _, folder = scripted("wait_for_the_end")
    process = Forked(works.play, folder)
    began = time.monotonic()
    assert process.wait(0.05) is None
    assert time.monotonic() - began < 10
    process.kill()
    assert ended(process) == -signal.SIGKILL


def test_a_process_has_the_surroundings_of_the_one_that_waits_and_its_imports_for_nothing(
    scripted, monkeypatch: pytest.MonkeyPatch
):
    told = []
    for value in ("first", "second"):
        monkeypatch.setenv("FUSELAB_TEST", value)
        _, folder = scripted("write_surroundings", seed=len(told))
        assert ended(Forked(works.play, folder)) == 0
        told.append(read_json(folder.path / "surroundings.json") or {})
        assert folder.log.read_text() == "said aside\n"
    assert [one["variable"] for one in told] == ["first", "second"]
    assert {one["owner"] for one in told} == {str(os.getpid())}
    assert all(one["imported"] == list(PRELOAD) for one in told)
    # One server forks them all; a terminal's Ctrl-C is not for them; they know nothing of who launched them.
    assert told[0]["parent"] == told[1]["parent"] != os.getpid()
    assert all(one["interrupt"] for one in told)
    assert all("pytest" not in str(one["main"]) for one in told)


def test_a_process_that_is_asked_to_leaves_in_order(scripted):
    _, folder = scripted("wait_for_the_end")
    process = Forked(works.play, folder)
    pid_of(folder)
    process.terminate()
    assert ended(process) == LEFT_IN_ORDER


def test_a_process_is_ended_with_all_that_it_started(scripted):
    _, folder = scripted("hear_nothing")
    process = Forked(works.play, folder)
    both = pid_of(folder), pid_of(folder, "child")
    process.terminate()
    assert process.wait(0.3) is None
    process.kill()
    assert ended(process) == -signal.SIGKILL
    wait_until(lambda: not alive(*both), 10)
    process.kill()  # nobody is there any more


def test_a_run_ends_by_itself_when_the_process_that_waits_for_it_is_killed(scripted):
    _, folder = scripted("wait_for_the_end")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(folder.path)], env=environment)
    try:
        run = pid_of(folder)
        assert alive(run)
        # The process that forks is no descendant of anything either.
        server = psutil.Process(owner.pid).children(recursive=True)
        owner.kill()
        owner.wait()
        wait_until(lambda: not alive(run, *server), 20)
    finally:
        owner.kill()
        owner.wait()


@pytest.mark.parametrize(
    ("devices", "nodes", "started"),
    [
        (1, 1, "forked"),
        (2, 1, (2, ["--standalone"], 5)),
        (1, 2, (1, ["--nnodes=2", "--node-rank=1", "--master-addr=one", "--master-port=29500"], 5)),
    ],
)
def test_one_process_is_forked_and_several_are_torchruns(
    devices, nodes, started, scripted, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(process_module, "Forked", lambda *_: "forked")
    monkeypatch.setattr(process_module, "Ranks", lambda *_, count, meet, threads: (count, meet, threads))
    for name, value in (("MASTER_ADDR", "one"), ("NODE_RANK", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MASTER_PORT", raising=False)
    _, folder = scripted("finish")
    trainer = {"devices": devices, "num_nodes": nodes, "accelerator": "cpu"}
    assert start(works.play, folder, trainer=trainer, threads=5) == started


@pytest.mark.parametrize("given", ["MASTER_ADDR", "NODE_RANK"])
def test_machines_that_are_not_told_how_to_meet_are_refused(given, scripted, monkeypatch: pytest.MonkeyPatch):
    for name in ("MASTER_ADDR", "NODE_RANK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(given, "0")
    _, folder = scripted("finish")
    with pytest.raises(ConfigError, match=r"trainer\.num_nodes \(2\) must come with MASTER_ADDR and NODE_RANK"):
        start(works.play, folder, trainer={"devices": 2, "num_nodes": 2, "accelerator": "cpu"}, threads=None)


@pytest.fixture
def prepared(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write the config and the status of a run of two processes into its folder."""
    monkeypatch.setenv("FUSELAB_CACHE", str(cache))

    def one(*overrides: str) -> RunFolder:
        with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
            config = resolved(hydra.compose([*TINY, "width=8", "logger=none", "trainer=ddp", *overrides]))
        folder = RunFolder(tmp_path / "run")
        write_whole(folder.config, lambda temporary: OmegaConf.save(OmegaConf.create(config), temporary))
        begun(config).write(folder.path)
        return folder

    return one


def of_run(folder: RunFolder) -> list[psutil.Process]:
    """Return every process that names a run's folder."""
    every = psutil.process_iter(["cmdline"])
    return alive(*(one for one in every if str(folder.path) in (one.info["cmdline"] or [])))


@pytest.mark.cluster
def test_a_mistake_in_one_of_several_processes_is_told_in_its_own_words(prepared):
    folder = prepared("data.batch_size=33")
    assert ended(Ranks(work, folder, count=2, meet=["--standalone"], threads=1), 120) not in (0, None)
    status = folder.status()
    assert (status.state, status.again) == ("failed", False)
    assert status.error.startswith("data.batch_size (33) must be a multiple of the 2 processes")
    assert "DataError" in status.traceback
    assert folder.result() is None
    assert of_run(folder) == []


def in_the_middle_of_training(folder: RunFolder) -> None:
    # An epoch is counted before its checkpoint is written: with the second one the first is on the disk.
    wait_until(lambda: (status := folder.status()) and status.epoch > 1, 120)


LONG = ("trainer.max_epochs=100000", "monitor.patience=100000")


@pytest.mark.cluster
def test_several_processes_leave_when_they_are_asked_to(prepared):
    folder = prepared(*LONG)
    process = Ranks(work, folder, count=2, meet=["--standalone"], threads=1)
    in_the_middle_of_training(folder)
    assert len(of_run(folder)) == 3
    process.terminate()
    assert ended(process) not in (0, None)
    wait_until(lambda: not of_run(folder), 20)
    assert (folder.checkpoints / "last.ckpt").exists()
    assert folder.status().error is None


@pytest.mark.cluster
def test_no_process_of_several_outlives_an_order_to_stop(prepared):
    folder = prepared(*LONG)
    process = Ranks(work, folder, count=2, meet=["--standalone"], threads=1)
    in_the_middle_of_training(folder)
    process.kill()
    assert ended(process) == -signal.SIGKILL
    wait_until(lambda: not of_run(folder), 20)


@pytest.mark.cluster
def test_several_processes_end_by_themselves_when_nobody_waits_for_them(prepared):
    folder = prepared(*LONG)
    owner = subprocess.Popen([sys.executable, "-c", OWNER_OF_RANKS, str(folder.path)])
    try:
        in_the_middle_of_training(folder)
        os.kill(owner.pid, signal.SIGKILL)
        wait_until(lambda: not [one for one in of_run(folder) if one.pid != owner.pid], 30)
    finally:
        owner.kill()
        owner.wait()


@pytest.mark.cluster
def test_cores_are_shared_out_among_several_processes(prepared, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    folder = prepared(*LONG)
    process = Ranks(work, folder, count=2, meet=["--standalone"], threads=None)
    try:
        wait_until(lambda: len(of_run(folder)) == 3)
        assert {one.environ()["OMP_NUM_THREADS"] for one in of_run(folder)} == {"3"}
    finally:
        process.kill()
        ended(process)


def test_a_status_tells_of_the_process_that_does_the_work(prepared):
    folder = prepared("trainer=cpu")
    write_json(folder.path / "status.json", (read_json(folder.path / "status.json") or {}) | {"pid": 1})
    assert ended(Forked(work, folder), 120) == 0
    assert folder.status().pid not in (1, os.getpid())
