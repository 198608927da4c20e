"""The life of a run, with processes that do what a script says."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import asdict, replace

import psutil
import pytest

from fuselab.errors import RunFolderError
from fuselab.runs import attempt as module
from fuselab.runs import lock
from fuselab.runs.attempt import attempt, begun, record_failure
from fuselab.runs.due import due
from fuselab.runs.files import read_json, write_json
from fuselab.runs.identity import run_folder
from fuselab.runs.lock import BusyError, Owner, RunLock
from fuselab.runs.status import Status
from fuselab.runs.stop import STOP

from . import works
from .conftest import pid_of, played, wait_until


def do(config, folder) -> Status:
    status = attempt(config, folder, works.play)
    assert status == folder.status()
    assert not (folder.path / "lock.json").exists()
    return status


def test_a_run_is_done_in_a_process_of_its_own(scripted):
    config, folder = scripted("finish")
    status = do(config, folder)
    assert (status.state, status.error, status.attempts) == ("finished", None, 1)
    assert (status.method, status.seed, status.max_epochs) == ("early/sum", 0, 3)
    assert (status.monitor, status.mode) == ("val/loss", "min")
    assert due(config, folder) == "done"


def test_a_finished_run_is_not_done_again(scripted):
    config, folder = scripted("finish", "raise_an_error")
    before = do(config, folder)
    assert attempt(config, folder, works.play) == before
    assert played(folder) == ["finish"]


def test_a_run_that_raises_has_failed_for_the_reason_that_it_gave(scripted):
    config, folder = scripted("raise_an_error")
    status = do(config, folder)
    assert (status.state, status.error) == ("failed", "ValueError: too small")
    assert status.traceback.startswith("Traceback")
    assert "raise_an_error" in status.traceback


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("exit_with_7", r"it was ended with exit code 7: see .*run\.log, then launch again"),
        ("raise_unseen", r"it was ended with exit code 1: see .*run\.log"),
        ("keep_a_checkpoint_and_die", r"it was ended by SIGKILL, as the system does when memory runs out: see"),
    ],
)
def test_a_run_that_is_ended_has_failed_in_words(act, reason, scripted):
    config, folder = scripted(act)
    status = do(config, folder)
    assert status.state == "failed"
    assert re.search(reason, status.error), status.error
    assert status.traceback is None


def test_what_a_dying_process_said_is_in_the_runs_log(scripted):
    config, folder = scripted("raise_unseen")
    do(config, folder)
    assert "OSError: nobody catches this" in folder.log.read_text()


def test_a_run_that_left_goes_on_from_its_checkpoint(scripted):
    config, folder = scripted("keep_a_checkpoint_and_leave", "finish")
    status = do(config, folder)
    assert (status.state, status.error, status.attempts) == ("interrupted", None, 1)
    assert due(config, folder) == "resume"
    assert do(config, folder).attempts == 2
    assert (folder.checkpoints / "last.ckpt").exists()


def test_a_killed_run_goes_on_and_one_whose_code_raised_begins_anew(scripted):
    for act, stays in (("keep_a_checkpoint_and_die", True), ("raise_an_error", False)):
        config, folder = scripted(act, "finish", seed=int(stays))
        do(config, folder)
        folder.checkpoints.mkdir(exist_ok=True)
        (folder.checkpoints / "last.ckpt").touch()
        folder.metrics.write_text("old")
        folder.predictions.write_text("old")
        assert do(config, folder).state == "finished"
        assert [path.exists() for path in (folder.checkpoints, folder.metrics, folder.predictions)] == [stays] * 3


def test_the_config_in_the_folder_is_that_of_the_last_attempt(scripted):
    config, folder = scripted("keep_a_checkpoint_and_leave", "finish")
    do(config, folder)
    do(config | {"threads": 2}, folder)
    assert "threads: 2" in folder.config.read_text()
    assert due(config, folder) == "done"


def test_a_run_is_tried_again_as_often_as_its_config_says(scripted):
    config, folder = scripted("raise_an_error", retries=2)
    status = do(config, folder)
    assert (status.state, status.attempts) == ("failed", 3)
    assert played(folder) == ["raise_an_error"] * 3


def test_a_retry_that_succeeds_ends_it(scripted):
    config, folder = scripted("exit_with_7", "keep_a_checkpoint_and_die", "finish", "exit_with_7", retries=5)
    status = do(config, folder)
    assert (status.state, status.error, status.attempts) == ("finished", None, 3)
    assert played(folder) == ["exit_with_7", "keep_a_checkpoint_and_die", "finish"]


def test_the_delay_doubles_from_try_to_try(scripted, monkeypatch: pytest.MonkeyPatch):
    waited = []
    monkeypatch.setattr(module, "_pause", lambda seconds, _: waited.append(seconds))
    config, folder = scripted("exit_with_7", retries=3, retry_delay=1.5)
    do(config, folder)
    assert waited == [1.5, 3.0, 6.0]


def test_a_run_waits_before_it_is_tried_again(scripted):
    config, folder = scripted("exit_with_7", "finish", retries=1, retry_delay=0.5)
    began = time.monotonic()
    do(config, folder)
    assert time.monotonic() - began > 0.5


def test_what_fuselab_itself_refuses_is_not_tried_again(scripted):
    config, folder = scripted("refuse", retries=3)
    status = do(config, folder)
    assert (status.state, status.error, status.attempts) == ("failed", "width (0) must be larger; set width=1", 1)


def test_a_run_that_left_is_not_tried_again(scripted):
    config, folder = scripted("keep_a_checkpoint_and_leave", retries=3)
    assert do(config, folder).attempts == 1


def test_nothing_begins_once_a_stop_was_asked_for(scripted):
    config, folder = scripted("finish")
    STOP.signal = 15
    assert attempt(config, folder, works.play) is None
    assert not folder.config.exists()


def later(act) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_a_stop_lets_the_run_leave_in_order(scripted):
    config, folder = scripted("wait_for_the_end", retries=2)

    def ask() -> None:
        pid_of(folder)
        STOP.signal = 15

    thread = later(ask)
    status = do(config, folder)
    thread.join()
    assert (status.state, status.attempts) == ("interrupted", 1)
    assert not pid_of_gone(folder)


def test_a_stop_ends_a_run_that_does_not_leave_and_what_it_started(scripted, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "GRACE", 0.5)
    config, folder = scripted("hear_nothing")

    def ask() -> None:
        pid_of(folder)
        STOP.signal = 15

    thread = later(ask)
    assert do(config, folder).state == "interrupted"
    thread.join()
    assert not pid_of_gone(folder, "pid")
    assert not pid_of_gone(folder, "child")


def pid_of_gone(folder, name: str = "pid") -> bool:
    """Say whether a process that a run has told of is still there."""
    pid = (read_json(folder.path / "pid.json") or {})[name]
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_second_signal_ends_all_at_once_and_what_is_left_can_go_on(scripted, monkeypatch: pytest.MonkeyPatch):
    config, folder = scripted("hear_nothing")

    def interrupt(self: RunLock) -> None:
        if (folder.path / "pid.json").exists():
            raise KeyboardInterrupt

    monkeypatch.setattr(RunLock, "beat", interrupt)
    with pytest.raises(KeyboardInterrupt):
        attempt(config, folder, works.play)
    assert folder.status().state == "interrupted"
    wait_until(lambda: not pid_of_gone(folder) and not pid_of_gone(folder, "child"), 10)


def test_a_stop_between_two_tries_ends_them(scripted):
    config, folder = scripted("exit_with_7", retries=3, retry_delay=60.0)

    def ask() -> None:
        wait_until(lambda: (status := folder.status()) and status.state == "failed")
        STOP.signal = 15

    thread = later(ask)
    assert do(config, folder).attempts == 1
    thread.join()


def test_a_run_that_another_process_is_at_work_on_is_left_alone(scripted):
    config, folder = scripted("finish")
    with RunLock(folder.path), pytest.raises(BusyError):
        attempt(config, folder, works.play)
    assert played(folder) == []


def test_what_another_process_finished_in_the_meantime_is_done(scripted, monkeypatch: pytest.MonkeyPatch):
    config, folder = scripted("finish", "exit_with_7")
    enter = RunLock.__enter__

    def late(self: RunLock) -> RunLock:
        monkeypatch.setattr(RunLock, "__enter__", enter)
        do(config, folder)
        return enter(self)

    monkeypatch.setattr(RunLock, "__enter__", late)
    assert do(config, folder).state == "finished"
    assert played(folder) == ["finish"]


def test_who_has_lost_the_run_ends_its_process_and_writes_nothing_more(scripted, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lock, "BEAT", 0.0)
    config, folder = scripted("wait_for_the_end")
    theirs: dict[str, object] = {}

    def take_over() -> None:
        pid_of(folder)
        status = begun(config, attempts=9)
        status.write(folder.path)
        theirs.update(asdict(status))
        write_json(folder.path / "lock.json", asdict(replace(Owner.this_process(), token="another")))

    thread = later(take_over)
    with pytest.raises(BusyError, match="another took over"):
        attempt(config, folder, works.play)
    thread.join()
    assert not pid_of_gone(folder)
    assert asdict(folder.status()) == theirs
    assert (read_json(folder.path / "lock.json") or {})["token"] == "another"


def test_a_folder_of_another_run_is_refused_before_anything_is_written(scripted):
    config, folder = scripted("finish")
    folder.config.write_text("seed: 5\n")
    with pytest.raises(RunFolderError, match="they differ in"):
        attempt(config, folder, works.play)
    assert played(folder) == []
    assert folder.config.read_text() == "seed: 5\n"


def test_a_process_that_cannot_be_started_is_a_failure(scripted, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(module, "start", full)
    config, folder = scripted("finish")
    assert do(config, folder).error == "OSError: no more processes"


def test_the_first_reason_stays(plain):
    config = plain()
    folder = run_folder(config)
    begun(config).write(folder.path)
    for error in (ValueError("cause"), KeyError("consequence")):
        record_failure(folder, error)
    assert folder.status().error == "ValueError: cause"
