"""A sweep to its end, with launch functions that do what launchers do, and what they should not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from fuselab.errors import ConfigError, FuselabError
from fuselab.runs import sweep as module
from fuselab.runs.attempt import begun, record_failure
from fuselab.runs.due import config_digest
from fuselab.runs.files import read_json, write_json
from fuselab.runs.folder import RunFolder
from fuselab.runs.identity import identity, run_folder
from fuselab.runs.lock import RunLock
from fuselab.runs.plan import Planned
from fuselab.runs.stop import STOP
from fuselab.runs.sweep import Outcome, describe, drive, estimate, marker, render, tell

Launched = list[list[int]]
Some = Sequence[Planned]


@pytest.fixture(autouse=True)
def _as_from_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["fuselab train", "-m", "seed=0,1", "name=two words"])
    monkeypatch.setattr(module, "LOOK", 0.01)


@pytest.fixture
def planned(plain) -> Callable[..., list[Planned]]:
    def some(*seeds: int, **changes: Any) -> list[Planned]:
        found = []
        for seed in seeds:
            config = plain(seed=seed, **changes)
            one = Planned(overrides=(f"seed={seed}",), config=config, folder=run_folder(config), due="new")
            found.append(one.looked_up())
        return found

    return some


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sweep"


def begin(one: Planned) -> None:
    before = one.folder.status()
    one.folder.path.mkdir(parents=True, exist_ok=True)
    one.folder.config.write_text(yaml.safe_dump(dict(one.config)))
    begun(one.config, attempts=1 + (before.attempts if before else 0)).write(one.folder.path)


def finish(one: Planned, **result: Any) -> None:
    begin(one)
    expected = {"identity": identity(one.config), "config_digest": config_digest(one.folder)}
    write_json(one.folder.result_file, expected | result)
    set_state(one.folder, "finished")


def fail(one: Planned, error: Exception | None = None) -> None:
    begin(one)
    record_failure(one.folder, error or ValueError("too [small]"))


def interrupt(one: Planned, *, epoch: int = 0) -> None:
    begin(one)
    one.folder.checkpoints.mkdir(exist_ok=True)
    (one.folder.checkpoints / "last.ckpt").touch()
    set_state(one.folder, "interrupted", epoch=epoch)


def set_state(folder: RunFolder, state: Any, *, epoch: int = 0) -> None:
    status = folder.status()
    assert status is not None
    status.state, status.epoch = state, epoch
    status.write(folder.path)


def launcher(*rounds: Callable[[Planned], Any]) -> tuple[Callable[[Some], list[str | None]], Launched]:
    """Return a launch function that does one thing to every run in each round, and what it was given."""
    launched: Launched = []

    def launch(some: Some) -> list[str | None]:
        act = rounds[len(launched)]
        launched.append([one.config["seed"] for one in some])
        return [said if isinstance(said := act(one), str) else None for one in some]

    return launch, launched


def states(outcome: Outcome) -> list[str]:
    return [one.due for one in outcome.planned]


def test_every_run_is_launched_once(planned, folder):
    launch, launched = launcher(finish)
    outcome = drive(planned(0, 1, 2), launch, folder=folder)
    assert launched == [[0, 1, 2]]
    assert states(outcome) == ["done"] * 3
    assert (outcome.failures(), outcome.unfinished(), tell(outcome)) == ([], [], 0)


def test_what_is_done_is_not_launched(planned, folder):
    finish(planned(1)[0])
    launch, launched = launcher(finish)
    assert states(drive(planned(0, 1, 2), launch, folder=folder)) == ["done"] * 3
    assert launched == [[0, 2]]
    launch, launched = launcher()
    assert states(drive(planned(0, 1, 2), launch, folder=folder)) == ["done"] * 3
    assert launched == []


def test_the_sweeps_file_says_what_was_asked_for(planned, folder):
    launch, _ = launcher(finish)
    runs = planned(0, 1)
    drive(runs, launch, folder=folder)
    found = read_json(folder / "sweep.json") or {}
    assert found["runs"] == [one.folder.path.name for one in runs]
    assert found["command"] == "fuselab train -m seed=0,1 'name=two words'"


def test_a_failed_run_leaves_the_others_and_is_not_launched_again(planned, folder, capsys):
    launch, launched = launcher(lambda one: fail(one) if one.config["seed"] == 1 else finish(one))
    outcome = drive(planned(0, 1, 2), launch, folder=folder)
    assert launched == [[0, 1, 2]]
    assert states(outcome) == ["done", "repeat", "done"]
    assert tell(outcome) == 1
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "failed early/sum seed 1: ValueError: too [small]",
        f"       {outcome.planned[1].folder.path}; repeat it with: fuselab train seed=1",
        "1 of 3 runs failed; repeat them all with: fuselab train -m seed=0,1 'name=two words'",
    ]


def test_a_run_killed_without_a_trace_has_failed_too(planned, folder):
    def killed(one: Planned) -> None:
        interrupt(one)
        status = one.folder.status()
        assert status is not None
        status.state, status.error = "failed", "it was ended by SIGKILL"
        status.write(one.folder.path)

    launch, launched = launcher(killed)
    outcome = drive(planned(0), launch, folder=folder)
    assert launched == [[0]]
    assert [reason for _, reason in outcome.failures()] == ["it was ended by SIGKILL"]
    assert tell(outcome) == 1


def test_a_failure_of_before_is_repeated_or_left(planned, folder, capsys):
    fail(planned(0)[0])
    launch, launched = launcher(finish)
    outcome = drive(planned(0, 1, rerun="none"), launch, folder=folder)
    assert launched == [[1]]
    assert states(outcome) == ["left", "done"]
    assert tell(outcome) == 1
    assert "too [small]" in capsys.readouterr().err
    launch, launched = launcher(finish)
    assert states(drive(planned(0, 1), launch, folder=folder)) == ["done", "done"]
    assert launched == [[0]]


def test_what_a_dead_worker_left_is_launched_again(planned, folder):
    def half(some: Some) -> list[str | None]:
        launched.append([one.config["seed"] for one in some])
        if len(launched) == 1:
            finish(some[0])
            interrupt(some[1], epoch=1)
            raise RuntimeError("a worker died")
        for one in some:
            finish(one)
        return [None] * len(some)

    launched: Launched = []
    assert states(drive(planned(0, 1, 2), half, folder=folder)) == ["done"] * 3
    assert launched == [[0, 1, 2], [1, 2]]


def test_a_launcher_that_can_launch_nothing_says_why(planned, folder):
    def broken(_: Some) -> list[str | None]:
        raise RuntimeError("no worker at all")

    with pytest.raises(FuselabError, match=r"the launcher must do the 2 runs that are left; .*\(no worker at all\)"):
        drive(planned(0, 1), broken, folder=folder)

    def refused(_: Some) -> list[str | None]:
        raise ConfigError("hydra.launcher.address (nowhere) must be reachable; start Ray there")

    with pytest.raises(ConfigError, match="must be reachable"):
        drive(planned(0, 1), refused, folder=folder)


def test_a_launcher_that_does_nothing_is_told_so_and_not_asked_for_ever(planned, folder):
    launch, launched = launcher(lambda _: None)
    with pytest.raises(FuselabError, match=r"must do the 2 runs that are left; .*it returned without one step"):
        drive(planned(0, 1), launch, folder=folder)
    assert launched == [[0, 1]]


def test_a_launcher_whose_workers_die_before_the_first_epoch_is_given_up(planned, folder):
    launch, launched = launcher(*[lambda one: interrupt(one, epoch=0)] * 5)
    with pytest.raises(FuselabError, match="must do the 2 runs that are left"):
        drive(planned(0, 1), launch, folder=folder)
    assert len(launched) == 3


def test_a_launcher_that_gets_on_is_asked_again_until_all_is_done(planned, folder):
    rounds = [lambda one, epoch=epoch: interrupt(one, epoch=epoch) for epoch in (1, 2, 3)]
    launch, launched = launcher(*rounds, finish)
    assert states(drive(planned(0, 1), launch, folder=folder)) == ["done"] * 2
    assert launched == [[0, 1]] * 4


def test_a_failed_run_is_not_launched_again_where_its_machine_has_another_clock(planned, folder):
    def fail_elsewhere(one: Planned) -> None:
        fail(one)
        path = one.folder.path / "status.json"
        content = read_json(path) or {}
        write_json(path, content | {"updated": content["updated"] - 30})

    launch, launched = launcher(*[fail_elsewhere] * 3)
    assert states(drive(planned(0), launch, folder=folder)) == ["repeat"]
    assert states(drive(planned(0), launch, folder=folder)) == ["repeat"]
    assert launched == [[0], [0]]


def test_what_keeps_a_run_from_beginning_is_its_failure(planned, folder, capsys):
    launch, launched = launcher(lambda one: "the folder is full" if one.config["seed"] else finish(one))
    outcome = drive(planned(0, 1), launch, folder=folder)
    assert launched == [[0, 1]]
    assert tell(outcome) == 1
    assert "failed early/sum seed 1: the folder is full\n" in capsys.readouterr().err


def test_a_folder_that_cannot_be_used_is_a_failure_and_the_others_are_done(planned, folder, capsys):
    begin(planned(1)[0])
    planned(1)[0].folder.config.write_text("seed: 7\n")
    launch, launched = launcher(finish)
    outcome = drive(planned(0, 1), launch, folder=folder)
    assert launched == [[0]]
    assert states(outcome) == ["done", "broken"]
    assert tell(outcome) == 1
    assert "must be the one that is launched" in capsys.readouterr().err


def test_a_folder_that_breaks_during_the_sweep_is_a_failure(planned, folder):
    def break_it(one: Planned) -> None:
        begin(one)
        (one.folder.path / "status.json").write_text("{")

    launch, launched = launcher(break_it)
    outcome = drive(planned(0), launch, folder=folder)
    assert launched == [[0]]
    assert states(outcome) == ["broken"]
    assert len(outcome.failures()) == 1


def test_a_run_that_another_process_is_at_work_on_is_waited_for(planned, folder):
    runs = planned(0, 1)
    held = RunLock(runs[1].folder.path)
    held.__enter__()

    def let_go() -> None:
        finish(runs[1])
        held.__exit__(None, None, None)

    timer = threading.Timer(0.3, let_go)

    def launch(some: Some) -> list[str | None]:
        launched.append([one.config["seed"] for one in some])
        finish(some[0])
        timer.start()
        return [None] * len(some)

    launched: Launched = []
    assert states(drive(runs, launch, folder=folder)) == ["done"] * 2
    timer.join()
    assert launched == [[0, 1]]


def test_a_run_whose_other_process_dies_is_launched_again(planned, folder):
    runs = planned(0)
    code = (
        "import sys; from pathlib import Path; from fuselab.runs.lock import RunLock\n"
        "with RunLock(Path(sys.argv[1])): print('held', flush=True); input()\n"
    )
    pipe = subprocess.PIPE
    other = subprocess.Popen([sys.executable, "-c", code, str(runs[0].folder.path)], stdin=pipe, stdout=pipe, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    timer = threading.Timer(0.3, other.kill)

    def launch(some: Some) -> list[str | None]:
        launched.append([one.config["seed"] for one in some])
        if len(launched) == 1:
            timer.start()
        else:
            finish(some[0])
        return [None]

    launched: Launched = []
    assert states(drive(runs, launch, folder=folder)) == ["done"]
    other.communicate()
    assert launched == [[0], [0]]


def test_a_stop_leaves_the_rest_for_later(planned, folder, capsys):
    def stopped(some: Some) -> list[str | None]:
        finish(some[0])
        interrupt(some[1])
        STOP.signal = 15
        return [None] * len(some)

    outcome = drive(planned(0, 1, 2), stopped, folder=folder)
    assert states(outcome) == ["done", "resume", "new"]
    assert outcome.failures() == []
    assert len(outcome.unfinished()) == 2
    assert tell(outcome) == 128 + 15
    assert capsys.readouterr().err == "stopped; 2 of 3 runs are left: the same command does them\n"


def test_a_stop_before_anything_has_begun_is_no_fault_of_the_launcher(planned, folder):
    def stopped(some: Some) -> list[str | None]:
        STOP.signal = 2
        return [None] * len(some)

    assert states(drive(planned(0, 1), stopped, folder=folder)) == ["new", "new"]


def test_a_stop_ends_the_wait_for_another_process(planned, folder):
    runs = planned(0)

    def launch(some: Some) -> list[str | None]:
        threading.Timer(0.2, lambda: setattr(STOP, "signal", 2)).start()
        return [None]

    with RunLock(runs[0].folder.path):
        outcome = drive(runs, launch, folder=folder)
    assert len(outcome.unfinished()) == 1


def test_what_is_before_a_sweep_is_said_in_a_line(planned):
    finish(planned(0)[0], seconds={"total": 90.0})
    finish(planned(1)[0], seconds={"total": 110.0})
    fail(planned(2)[0])
    interrupt(planned(3)[0])
    assert describe(planned(0, 1, 2, 3, 4)) == (
        "5 runs: 2 finished, 1 to train, 1 to resume, 1 failed, to repeat; about 5 min of training"
    )
    assert describe(planned(7)) == "1 run: 1 to train"
    assert "1 failed, left so" in describe(planned(2, rerun="none"))


def test_a_run_may_take_as_long_as_those_of_its_method_did(planned):
    for seed, method, seconds in ((0, "early/sum", 10.0), (1, "early/sum", 20.0), (0, "late/mean", 90.0)):
        finish(planned(seed, method=method)[0], seconds={"total": seconds})
    done = [*planned(0, 1), *planned(0, method="late/mean")]
    assert estimate(planned(5)[0], done) == 15.0
    assert estimate(planned(5, method="late/vote")[0], done) == 40.0
    assert estimate(planned(5)[0], []) is None


def test_the_table_has_a_line_for_each_run(planned):
    finish(planned(0)[0], seconds={"total": 90.0})
    begin(planned(1)[0])
    planned(1)[0].folder.config.write_text("seed: 7\n")
    console = Console(width=1000, record=True)
    console.print(render(planned(0, 1, 2)))
    heading, *lines = (line.split() for line in console.export_text().splitlines())
    assert heading == ["method", "seed", "what", "about", "folder"]
    assert [line[:3] for line in lines] == [
        ["early/sum", "0", "finished"], ["early/sum", "1", "can't"], ["early/sum", "2", "to"],
    ]  # fmt: skip
    assert lines[2][3:] == ["train", "90", "s", planned(2)[0].folder.path.name]


def test_each_launching_process_has_a_stop_file_of_its_own(tmp_path):
    assert marker(tmp_path).parent == tmp_path
    assert str(os.getpid()) in marker(tmp_path).name
