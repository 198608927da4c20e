from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fuselab.errors import RunFolderError
from fuselab.runs.files import read_json, write_json
from fuselab.runs.status import Status


def make(**changes) -> Status:
    parts = {
        "state": "running",
        "method": "early/sum",
        "seed": 1,
        "max_epochs": 3,
        "monitor": "val/loss",
        "mode": "min",
    }
    return Status(**(parts | changes))


@pytest.fixture
def dead_pid() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_status_comes_back(tmp_path: Path):
    status = make(best=0.5, epoch=2)
    status.write(tmp_path)
    assert status.updated == pytest.approx(time.time(), abs=60)
    assert Status.read(tmp_path) == status
    assert status.pid == os.getpid()


def test_a_folder_without_status_has_none(tmp_path: Path):
    assert Status.read(tmp_path) is None


def test_keys_of_a_later_version_are_passed_over(tmp_path: Path):
    make().write(tmp_path)
    write_json(tmp_path / "status.json", (read_json(tmp_path / "status.json") or {}) | {"mood": "good"})
    assert Status.read(tmp_path) is not None


@pytest.mark.parametrize(
    ("content", "words"),
    [({"state": "running"}, "must hold a run's status"), ({"state": "asleep"}, r"state \(asleep\) .* must be one of")],
)
def test_a_file_that_holds_no_status_is_refused(tmp_path: Path, content, words):
    write_json(tmp_path / "status.json", content)
    with pytest.raises(RunFolderError, match=words):
        Status.read(tmp_path)


def test_a_run_whose_process_lives_is_running():
    assert make(updated=time.time()).state_now() == "running"


def test_a_run_whose_process_is_gone_was_interrupted(dead_pid):
    assert make(updated=time.time(), pid=dead_pid).state_now() == "interrupted"


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="no way to wait without burying")
def test_a_run_whose_process_waits_to_be_buried_was_interrupted():
    process = subprocess.Popen([sys.executable, "-c", ""])
    try:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert make(updated=time.time(), pid=process.pid).state_now() == "interrupted"
    finally:
        process.wait()


def test_another_process_with_the_same_number_is_not_the_run():
    assert make(updated=1_000_000.0).state_now() == "interrupted"


def test_a_run_on_another_machine_is_believed(dead_pid):
    assert make(updated=time.time(), pid=dead_pid, host="elsewhere").state_now() == "running"


@pytest.mark.parametrize("state", ["finished", "failed", "interrupted"])
def test_a_run_that_ended_stays_ended(state, dead_pid):
    assert make(state=state, pid=dead_pid).state_now() == state
