from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
import pytest
from omegaconf import OmegaConf

from fuselab.errors import FuselabError
from fuselab.runs import ranks
from fuselab.runs.compose import composer, resolved
from fuselab.runs.files import write_whole
from fuselab.runs.folder import RunFolder
from fuselab.runs.ranks import processes, run_ranks

from ..conftest import TINY


@pytest.mark.parametrize(("devices", "count"), [(1, 1), (2, 2), ([3], 1), ([0, 3, 5], 3), ("auto", 1)], ids=str)
def test_a_trainer_asks_for_so_many_processes(devices, count):
    assert processes({"devices": devices}) == count


class Launcher:
    """Stands for torchrun: notes how it was started and ends as it is told."""

    started: list[tuple[list[str], dict[str, Any]]]
    returncode = 0
    says = b""
    interrupted = False

    def __init__(self, command: list[str], **options: Any) -> None:
        self.started.append((command, options))
        self.calls: list[str] = []

    def __enter__(self) -> Launcher:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def communicate(self) -> tuple[None, bytes]:
        self.calls.append("communicate")
        if self.interrupted and len(self.calls) == 1:
            raise KeyboardInterrupt
        return None, self.says

    def terminate(self) -> None:
        self.calls.append("terminate")


@pytest.fixture
def launcher(monkeypatch: pytest.MonkeyPatch) -> type[Launcher]:
    kind = type("Launcher", (Launcher,), {"started": []})
    monkeypatch.setattr(ranks.subprocess, "Popen", kind)
    return kind


def test_torchrun_starts_each_process_on_the_runs_folder(launcher, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "path", ["", "/mine", *sys.path])
    run_ranks(RunFolder(tmp_path), count=3, threads=5)
    ((command, options),) = launcher.started
    assert command[:3] == [sys.executable, "-m", "torch.distributed.run"]
    assert "--nproc-per-node=3" in command
    assert command[-3:] == ["-m", "fuselab.execute", str(tmp_path)]
    assert options["start_new_session"]
    environment = options["env"]
    assert environment["OMP_NUM_THREADS"] == "5"
    assert environment["PYTHONPATH"].split(os.pathsep)[0] == "/mine"
    assert environment["PATH"] == os.environ["PATH"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("cores", "each"), [(8, "2"), (3, "1"), (None, "1")])
def test_cores_are_shared_out(cores, each, launcher, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    run_ranks(RunFolder(tmp_path), count=4, threads=None)
    assert launcher.started[0][1]["env"]["OMP_NUM_THREADS"] == each


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (
            b"[rank1]:     raise ValueError(\n[rank1]: mine.ValueError: too small\n[rank0]: OSError: x\nMyError: y\n",
            r"\(ValueError: too small\)",
        ),
        (b"Traceback\nOutOfMemoryError: too large\n", r"\(OutOfMemoryError: too large\)"),
        (b"nothing of use\n", r"\(exit code 7\)"),
    ],
)
def test_a_process_that_fails_is_told_in_words_and_in_the_log(says, reason, launcher, tmp_path):
    launcher.returncode, launcher.says = 7, says
    folder = RunFolder(tmp_path)
    folder.log.write_text("before\n")
    with pytest.raises(FuselabError, match=rf"the 2 processes of the run .* see .*run\.log {reason}"):
        run_ranks(folder, count=2, threads=1)
    assert folder.log.read_text() == "before\n" + says.decode()


def test_an_interruption_ends_all_processes_first(launcher, tmp_path):
    launcher.interrupted = True
    seen = []
    launcher.__exit__ = lambda self, *_: seen.extend(self.calls)
    with pytest.raises(KeyboardInterrupt):
        run_ranks(RunFolder(tmp_path), count=2, threads=1)
    assert seen == ["communicate", "terminate", "communicate"]


@pytest.fixture
def prepared(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write the config of a run of two processes into its folder."""
    monkeypatch.setenv("FUSELAB_CACHE", str(cache))

    def one(*overrides: str) -> RunFolder:
        with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
            config = resolved(hydra.compose([*TINY, "width=8", "logger=none", "trainer=ddp", *overrides]))
        folder = RunFolder(tmp_path / "run")
        write_whole(folder.config, lambda temporary: OmegaConf.save(OmegaConf.create(config), temporary))
        return folder

    return one


@pytest.mark.cluster
def test_a_mistake_in_a_process_is_told_in_its_own_words(prepared):
    folder = prepared("data.batch_size=33")
    with pytest.raises(FuselabError, match=r"DataError: data\.batch_size \(33\) must be a multiple of the 2 processes"):
        run_ranks(folder, count=2, threads=1)
    assert "Traceback" in folder.log.read_text()
    assert folder.result() is None


@pytest.mark.cluster
def test_no_process_outlives_an_interruption(prepared):
    folder = prepared("trainer.max_epochs=100000", "monitor.patience=100000")

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        status = folder.status()
        if status is not None and status.epoch > 0:
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_ranks(folder, count=2, threads=1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    left = [one for one in psutil.process_iter(["cmdline"]) if str(folder.path) in (one.info["cmdline"] or [])]
    assert [one.cmdline() for one in left] == []
