"""Signals, for real, in processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fuselab.runs.stop import LAUNCH, Stop, launch_environment

from .conftest import wait_until

# Says what it knows at each line that it is asked for.
HEED = """
import sys
from pathlib import Path
from fuselab.runs.stop import STOP
marker = Path(sys.argv[1])
try:
    with STOP.heeding_signals(marker):
        print("ready", flush=True)
        while True:
            input()
            print(STOP.asked(), STOP.exit_code(), marker.exists(), flush=True)
except KeyboardInterrupt:
    print("at once", STOP.exit_code(), marker.exists(), flush=True)
except EOFError:
    print("over", marker.exists(), flush=True)
"""
WORKER = """
from fuselab.runs.stop import STOP
with STOP.heeding_launch():
    print("ready", flush=True)
    while True:
        input()
        print(STOP.asked(), STOP.exit_code(), flush=True)
"""
# Starts a worker of its own and waits; the worker's words are its own.
LAUNCHER = """
import os, subprocess, sys
from pathlib import Path
from fuselab.runs.stop import launch_environment
environment = os.environ | launch_environment(Path(sys.argv[1]))
subprocess.run([sys.executable, "-c", sys.argv[2]], env=environment)
"""
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    started = []

    def one(code: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env=os.environ | environment,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield one
    for process in started:
        process.kill()
        process.communicate()


def ask(process: subprocess.Popen[str]) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_a_request_and_the_second_an_order(number, start, tmp_path):
    marker = tmp_path / "stop"
    process = start(HEED, str(marker))
    assert ask(process) == "False None False"
    process.send_signal(number)
    wait_until(marker.exists)
    assert ask(process) == f"True {128 + number} True"
    process.send_signal(number)
    assert process.stdout.readline().strip() == f"at once {128 + number} False"
    assert process.wait(20) == 0
    assert process.stderr.read().count("stopping: runs keep their last epoch and go on from there") == 1


def test_no_stop_file_is_left_behind_nor_believed(start, tmp_path):
    marker = tmp_path / "stop"
    marker.touch()  # of a killed process with the same number
    process = start(HEED, str(marker))
    assert ask(process) == "False None False"
    process.send_signal(signal.SIGTERM)
    wait_until(marker.exists)
    process.stdin.close()
    process.stdin = None
    assert process.stdout.readline().strip().startswith(("True", "over"))
    process.wait(20)
    assert not marker.exists()


def test_handlers_are_as_they_were_afterwards(tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Stop().heeding_signals(tmp_path / "stop"):
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] != before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_thread_heeds_nothing_and_does_not_fail(tmp_path):
    seen = []

    def inside() -> None:
        with Stop().heeding_signals(tmp_path / "stop"):
            seen.append(True)

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [True]


def test_a_worker_leaves_sigint_to_the_launching_process_and_takes_sigterm_as_a_request(start, tmp_path):
    process = start(WORKER, **launch_environment(tmp_path / "stop"))
    assert ask(process) == "False None"
    process.send_signal(signal.SIGINT)
    assert ask(process) == "False None"
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: ask(process) == "True 143")


def test_a_worker_sees_the_stop_file_of_its_launch(start, tmp_path):
    marker = tmp_path / "with: colon" / "stop"
    marker.parent.mkdir()
    process = start(WORKER, **launch_environment(marker))
    assert ask(process) == "False None"
    marker.touch()
    assert ask(process) == "True None"


def test_a_worker_whose_launching_process_is_gone_stops(start, tmp_path):
    read, write = os.pipe()
    read_in, write_in = os.pipe()
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(tmp_path / "stop"), WORKER], stdin=read_in, stdout=write
    )
    os.close(write)
    os.close(read_in)
    with os.fdopen(read) as said, os.fdopen(write_in, "w") as told:

        def answer() -> str:
            told.write("\n")
            told.flush()
            return said.readline().strip()

        assert said.readline() == "ready\n"
        assert answer() == "False None"
        launcher.kill()
        launcher.wait()
        wait_until(lambda: answer() == "True None", 10)


@pytest.mark.parametrize(
    "said", ["", "nonsense", "host:pid:/x", "host:1", "{here}:{pid}:", "elsewhere:1:/nowhere/stop"]
)
def test_without_a_launch_nothing_is_asked(said, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(LAUNCH, said.format(here=socket.gethostname(), pid=os.getpid()))
    assert not Stop().asked()


def test_the_environment_of_jobs_holds_the_whole_path_of_the_stop_file(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (said,) = launch_environment(Path("stop")).values()
    assert said == f"{socket.gethostname()}:{os.getpid()}:{tmp_path / 'stop'}"
