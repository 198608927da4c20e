from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from fuselab.runs import lock
from fuselab.runs.files import read_json, write_json
from fuselab.runs.lock import BusyError, Owner, RunLock, at_work, holder

HOLD = """
import sys
from pathlib import Path
from fuselab.runs.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""
# Each waits for the others, then all of them reach for every lock.
RACE = """
import sys, time
from pathlib import Path
from fuselab.runs.lock import BusyError, RunLock
place = Path(sys.argv[1])
locks = [RunLock(path) for path in sorted(place.glob("run*"))]
print("ready", flush=True)
input()
got = []
for one in locks:
    try:
        one.__enter__()
    except BusyError:
        continue
    got.append(one)
    print(one._path.parent.name, flush=True)
print("over", flush=True)
input()
"""
# A run's process, which outlives the one that waited for it.
WORK = """
import sys, time
from pathlib import Path
from fuselab.runs.lock import at_work
with at_work(Path(sys.argv[1])):
    print("at work", flush=True)
    input()
"""
Hold = Callable[[Path], subprocess.Popen[str]]


def process(code: str, path: Path) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code, str(path)], stdin=pipe, stdout=pipe, text=True)


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Let another process take a lock."""
    started = []

    def one(path: Path) -> subprocess.Popen[str]:
        other = process(HOLD, path)
        started.append(other)
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        return other

    yield one
    for other in started:
        other.kill()
        other.communicate()


def write(folder: Path, *, age: float = 0.0, **changes: object) -> Owner:
    """Write the lock of another owner, touched so many seconds ago."""
    owner = replace(Owner.this_process(), token="another", **changes)
    path = folder / "lock.json"
    write_json(path, asdict(owner))
    os.utime(path, (time.time() - age,) * 2)
    return owner


def test_a_lock_is_there_while_it_is_held(tmp_path):
    folder = tmp_path / "run"
    assert holder(folder) is None
    with RunLock(folder):
        assert holder(folder) == Owner(**(read_json(folder / "lock.json") or {}))
        assert holder(folder).pid == os.getpid()
    assert holder(folder) is None
    assert not (folder / "lock.json").exists()


def test_two_processes_never_hold_one_lock(tmp_path, hold):
    other = hold(tmp_path)
    with pytest.raises(
        BusyError, match=rf"the run \({tmp_path.name}\) must have one owner; process {other.pid} on .*: wait for it"
    ):
        RunLock(tmp_path).__enter__()
    assert holder(tmp_path).pid == other.pid
    other.communicate("\n")
    with RunLock(tmp_path):
        assert holder(tmp_path).pid == os.getpid()


def test_one_process_never_holds_a_lock_twice(tmp_path):
    with RunLock(tmp_path), pytest.raises(BusyError), RunLock(tmp_path):
        pass


def test_the_lock_of_a_killed_process_is_taken_over_at_once(tmp_path, hold):
    other = hold(tmp_path)
    other.kill()
    other.wait()
    assert (tmp_path / "lock.json").exists()
    with RunLock(tmp_path):
        assert holder(tmp_path).pid == os.getpid()


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="no way to wait without burying")
def test_a_killed_process_that_nobody_has_buried_holds_nothing(tmp_path, hold):
    other = hold(tmp_path)
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert holder(tmp_path) is None


def test_a_process_that_got_the_number_of_a_dead_one_is_not_the_owner(tmp_path):
    began = psutil.Process().create_time()
    assert write(tmp_path, began=began - 100) is not None
    assert holder(tmp_path) is None
    write(tmp_path, began=began)
    assert holder(tmp_path) is not None


def test_an_owner_on_this_machine_may_be_silent(tmp_path):
    write(tmp_path, age=10 * lock.STALE)
    with pytest.raises(BusyError):
        RunLock(tmp_path).__enter__()


def test_an_owner_elsewhere_is_believed_until_it_is_silent_too_long(tmp_path):
    write(tmp_path, host="elsewhere", pid=1, age=lock.STALE - 10)
    with pytest.raises(BusyError, match="process 1 on elsewhere is at work on it"):
        RunLock(tmp_path).__enter__()
    write(tmp_path, host="elsewhere", pid=1, age=lock.STALE + 10)
    assert holder(tmp_path) is None
    with RunLock(tmp_path):
        pass


def test_a_lock_is_as_old_as_the_disk_says_and_not_the_machine(tmp_path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path, host="elsewhere")
    monkeypatch.setattr(time, "time", lambda: 1e10)
    assert holder(tmp_path) is not None
    assert [path.name for path in tmp_path.iterdir()] == ["lock.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}'])
def test_a_lock_that_makes_no_sense_is_waited_for_like_one_from_elsewhere(text, tmp_path):
    path = tmp_path / "lock.json"
    path.write_text(text)
    with pytest.raises(BusyError):
        RunLock(tmp_path).__enter__()
    os.utime(path, (time.time() - lock.STALE - 10,) * 2)
    with RunLock(tmp_path):
        pass


def test_a_beat_shows_that_the_owner_lives(tmp_path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "lock.json"
    with RunLock(tmp_path) as held:
        os.utime(path, (1.0, 1.0))
        held.beat()
        assert path.stat().st_mtime == 1.0  # too soon
        monkeypatch.setattr(lock, "BEAT", 0.0)
        held.beat()
        assert path.stat().st_mtime > time.time() - 60


@pytest.mark.parametrize("taken", [True, False])
def test_who_was_silent_too_long_leaves_the_run_to_the_one_that_took_over(
    taken, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lock, "BEAT", 0.0)
    with RunLock(tmp_path) as held:
        if taken:
            owner = write(tmp_path, host="elsewhere")
        else:
            (tmp_path / "lock.json").unlink()
        with pytest.raises(BusyError, match="this process was silent for too long and another took over"):
            held.beat()
    assert holder(tmp_path) == (owner if taken else None)


def test_a_run_is_taken_over_when_the_process_that_its_last_owner_left_behind_has_ended(tmp_path):
    write(tmp_path, began=0.0)
    left = process(WORK, tmp_path)
    assert left.stdout is not None
    assert left.stdout.readline() == "at work\n"
    began = time.monotonic()
    killer = threading.Timer(0.5, left.kill)
    killer.start()
    with RunLock(tmp_path):
        assert time.monotonic() - began > 0.4
    killer.join()
    left.communicate()


def test_a_process_that_never_ends_keeps_the_run(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lock, "LEFTOVER", 0.3)
    with at_work(tmp_path), pytest.raises(BusyError, match="left behind is still at work on it: end that one first"):
        RunLock(tmp_path).__enter__()
    assert holder(tmp_path) is None
    with RunLock(tmp_path):
        pass


def test_of_many_that_find_a_stale_lock_exactly_one_gets_it(tmp_path):
    folders = [tmp_path / f"run{number:02}" for number in range(25)]
    for folder in folders:
        write(folder, began=0.0)
    others = [process(RACE, tmp_path) for _ in range(8)]
    try:
        assert [one.stdout.readline() for one in others] == ["ready\n"] * 8
        for one in others:
            one.stdin.write("\n")
            one.stdin.flush()
        got = [line.strip() for one in others for line in iter(one.stdout.readline, "over\n")]
    finally:
        for one in others:
            one.communicate("\n")
    assert sorted(got) == [folder.name for folder in folders]
