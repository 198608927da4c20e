from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from fuselab.errors import RunFolderError
from fuselab.runs import live
from fuselab.runs import summary as summary_module
from fuselab.runs.files import read_json, write_json
from fuselab.runs.folder import RunFolder
from fuselab.runs.live import LiveThread, render, say_duration, watch
from fuselab.runs.lock import Owner
from fuselab.runs.status import Status
from fuselab.runs.summary import SweepReader, summary

Put = Callable[..., Path]


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    path = tmp_path / "trio"
    path.mkdir()
    return path


@pytest.fixture
def put(sweep: Path) -> Put:
    """Writes a run's status, its result where it took a known time, and the lock of one that runs."""

    def put(
        method: str,
        seed: int,
        state: Any,
        *,
        took: float | None = None,
        ago: float = 0.0,
        owner: Owner | None = None,
        **changes: Any,
    ) -> Path:
        folder = sweep / f"{method.replace('/', '-')}-s{seed}"
        parts = {"max_epochs": 15, "monitor": "val/accuracy", "mode": "max", "started": time.time() - ago} | changes
        if took is not None:
            write_json(folder / "result.json", {"seconds": {"total": took}})
        (folder / "lock.json").unlink(missing_ok=True)
        if state == "running":
            write_json(folder / "lock.json", asdict(owner or Owner.this_process()))
        Status(state=state, method=method, seed=seed, **parts).write(folder)
        return folder

    return put


@pytest.fixture
def dead() -> Owner:
    """A process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return replace(Owner.this_process(), pid=process.pid)


def ask_for(sweep: Path, **seeds: int) -> None:
    """Write what a launch writes: so many seeds of each method."""
    runs = [f"{method.replace('_', '-')}-s{seed}" for method, number in seeds.items() for seed in range(number)]
    write_json(sweep / "sweep.json", {"runs": runs, "started": 0.0, "command": "train -m"})


def plain(width: int = 100) -> Console:
    return Console(width=width, file=io.StringIO(), force_terminal=False)


def text_of(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined]


def rendered(sweep: Path) -> str:
    console = plain()
    console.print(render(summary(sweep)))
    return text_of(console)


def test_runs_are_counted_by_state(sweep, put, dead):
    ask_for(sweep, early_sum=6, late_average=4)
    for seed in range(3):
        put("early/sum", seed, "finished")
    put("late/average", 0, "running")
    put("late/average", 1, "running", owner=dead)
    put("late/average", 2, "interrupted")
    put("late/average", 3, "failed", error="ValueError: no")
    seen = summary(sweep)
    assert (seen.name, seen.total, seen.waiting, seen.over) == ("trio", 10, 3, False)
    assert [len(one) for one in (seen.done, seen.running, seen.failed, seen.interrupted)] == [3, 1, 1, 2]
    assert seen.running[0].title == "late/average seed 0"


def test_folders_without_a_status_wait_and_broken_ones_are_named(sweep, put):
    ask_for(sweep, early_sum=3)
    put("early/sum", 0, "finished")
    (sweep / "early-sum-s1").mkdir()
    (put("early/sum", 2, "running") / "status.json").write_text('{"state": "runn')
    seen = summary(sweep)
    assert (seen.total, seen.waiting, seen.unreadable) == (3, 1, ("early-sum-s2",))
    assert "1 finished · 1 unreadable · 1 waiting" in rendered(sweep)


def test_without_a_launch_there_is_what_there_is(sweep, put):
    put("early/sum", 0, "finished")
    seen = summary(sweep)
    assert (seen.total, seen.waiting, seen.over, seen.seconds_left) == (1, 0, True, 0.0)


def test_a_smaller_launch_does_not_hide_earlier_runs(sweep, put):
    for seed in range(3):
        put("early/sum", seed, "finished")
    ask_for(sweep, early_sum=1)
    assert (summary(sweep).total, summary(sweep).waiting) == (3, 0)


def test_a_search_shows_its_trials_and_is_over_with_them(sweep, put, dead):
    trials = sweep / "trials"
    trials.mkdir()
    ask_for(trials, early_sum=2)
    seen = summary(sweep)
    assert seen.trials is not None
    assert (seen.total, seen.trials.waiting, seen.over) == (0, 2, False)
    assert rendered(sweep).index("trials") < rendered(sweep).index(sweep.name)
    assert "2 waiting" in rendered(sweep)


def test_a_missing_sweep_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="must exist"):
        summary(tmp_path / "nothing")


@pytest.mark.parametrize(("mode", "seed"), [("max", 2), ("min", 1)])
def test_the_best_run_so_far(sweep, put, mode, seed):
    for number, best in enumerate([float("nan"), 0.2, 0.9, None, 0.5]):
        put("early/sum", number, "running" if number % 2 else "finished", best=best, mode=mode)
    put("early/sum", 9, "failed", best=99.0 if mode == "max" else -99.0, mode=mode)
    best_run = summary(sweep).best
    assert best_run is not None
    assert best_run.status.seed == seed


def test_there_is_no_best_run_among_different_metrics(sweep, put):
    put("early/sum", 0, "finished", best=0.5)
    put("early/sum", 1, "finished", best=0.5, monitor="val/macro_f1")
    assert summary(sweep).best is None


def test_time_left_shares_the_work_among_those_who_work(sweep, put):
    ask_for(sweep, early_sum=4, late_average=2, early_outer=2)
    put("early/sum", 0, "finished", took=20.0)
    put("late/average", 0, "finished", took=40.0)
    put("early/sum", 1, "running", ago=5.0)  # 20 - 5 = 15
    put("early/outer", 1, "running", ago=10.0)  # no such run has finished: 30 - 10 = 20
    # Four wait, 30 each: (15 + 20 + 120) / 2
    assert summary(sweep).seconds_left == pytest.approx(77.5, abs=2)


def test_time_left_is_at_least_that_of_the_longest_run(sweep, put):
    put("early/sum", 0, "finished", took=10.0)
    put("late/average", 0, "finished", took=100.0)
    put("early/sum", 1, "running", ago=20.0)
    put("late/average", 1, "running", ago=20.0)
    assert summary(sweep).seconds_left == pytest.approx(80.0, abs=2)


def test_a_run_that_takes_longer_than_expected_gives_no_time_back(sweep, put):
    ask_for(sweep, early_sum=3)
    put("early/sum", 0, "finished", took=10.0)
    put("early/sum", 1, "running", ago=25.0)
    assert summary(sweep).seconds_left == pytest.approx(10.0, abs=2)


def test_a_run_works_on_though_its_file_is_silent(sweep, put):
    folder = put("early/sum", 0, "running", ago=50.0)
    write_json(folder / "status.json", (read_json(folder / "status.json") or {}) | {"updated": time.time() - 40})
    assert summary(sweep).running[0].seconds == pytest.approx(50.0, abs=2)


def test_a_folder_that_goes_away_meanwhile_is_no_run(sweep, put, monkeypatch):
    put("early/sum", 0, "finished")
    found = [*summary_module.find_runs(sweep), RunFolder(sweep / "gone")]
    monkeypatch.setattr(summary_module, "find_runs", lambda _: iter(found))
    seen = summary(sweep)
    assert (seen.total, len(seen.done), seen.unreadable) == (1, 1, ())


def test_without_a_result_a_run_took_as_long_as_its_status_says(sweep, put):
    put("early/sum", 0, "finished", ago=30.0)
    put("early/sum", 1, "running", ago=10.0)
    assert summary(sweep).seconds_left == pytest.approx(20.0, abs=2)


def test_time_left_is_unknown_before_a_run_has_finished_and_where_none_runs(sweep, put):
    ask_for(sweep, early_sum=3)
    put("early/sum", 0, "running")
    assert summary(sweep).seconds_left is None
    put("early/sum", 0, "finished", took=10.0)
    assert summary(sweep).seconds_left is None


def test_the_pace_is_kept_between_two_runs(sweep, put):
    ask_for(sweep, early_sum=3)
    put("early/sum", 0, "running")
    reader = SweepReader(sweep)
    reader.read()
    put("early/sum", 0, "finished", took=10.0)
    assert reader.read().seconds_left == pytest.approx(20.0)


def test_files_that_have_not_changed_are_not_read_again(sweep, put, monkeypatch):
    for seed in range(5):
        put("early/sum", seed, "finished", took=1.0)
    reader = SweepReader(sweep)
    reader.read()
    opened = []
    read_text = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda path, **options: opened.append(path.name) or read_text(path, **options)
    )
    reader.read()
    assert [name for name in opened if name != "sweep.json"] == []
    put("early/sum", 0, "failed")
    assert len(reader.read().failed) == 1
    assert [name for name in opened if name != "sweep.json"] == ["status.json"]


def test_a_process_that_dies_is_noticed_though_its_file_stays(sweep, put):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = replace(Owner.this_process(), pid=process.pid, began=psutil.Process(process.pid).create_time())
    put("early/sum", 0, "running", owner=owner)
    reader = SweepReader(sweep)
    assert len(reader.read().running) == 1
    process.communicate()
    assert len(reader.read().interrupted) == 1


def test_the_view_says_what_runs_and_what_failed(sweep, put):
    ask_for(sweep, early_sum=3, late_average=3, attention_cross=3)
    put("early/sum", 0, "finished", took=250.0, best=0.861, ago=9.0)
    put("attention/cross", 2, "running", epoch=4, best=0.77, ago=7.2)
    put("late/average", 1, "failed", error="RuntimeError: out of [memory]")
    text = rendered(sweep)
    assert "1/9" in text
    assert "1 finished · 1 running · 1 failed · 6 waiting" in text
    assert "about 29 min left" in text
    (line,) = [line for line in text.splitlines() if line.startswith("attention/cross")]
    assert line.split() == ["attention/cross", "seed", "2", "4/15", "val/accuracy", "0.770", "7", "s"]
    assert "late/average seed 1  RuntimeError: out of [memory]" in text
    assert "best so far: early/sum seed 0, val/accuracy 0.861" in text


def test_a_view_of_many_runs_stays_short(sweep, put):
    for seed in range(30):
        put("early/sum", seed, "running")
        put("late/sum", seed, "failed", error="no")
    text = rendered(sweep)
    assert text.count("and 22 more") == 2
    assert len(text.splitlines()) < 30


def test_an_empty_sweep_says_so(sweep):
    assert "no runs yet" in rendered(sweep)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (99, "99 s"), (100, "2 min"), (3570, "1 h 00 min"), (90_000, "25 h 00 min")]
)
def test_durations_in_words(seconds, words):
    assert say_duration(seconds) == words


def test_watching_without_a_terminal_is_one_look(sweep, put):
    ask_for(sweep, early_sum=2)
    put("early/sum", 0, "running")
    console = plain()
    seen = watch(sweep, interval=60.0, once=False, console=console)
    assert len(seen.running) == 1
    assert "1 running · 1 waiting" in text_of(console)
    assert "\x1b" not in text_of(console)


def test_watching_once_is_one_look(sweep, put):
    put("early/sum", 0, "running")
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    watch(sweep, interval=60.0, once=True, console=console)
    assert "1 running" in text_of(console)


def test_watching_ends_when_all_is_over(sweep, put, monkeypatch):
    ask_for(sweep, early_sum=2)
    put("early/sum", 0, "running")
    steps = iter([lambda: put("early/sum", 0, "finished"), lambda: put("early/sum", 1, "failed", error="no")])
    monkeypatch.setattr(live.time, "sleep", lambda _: next(steps)())
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    seen = watch(sweep, interval=1.0, once=False, console=console)
    assert seen.over
    assert "1 finished" in text_of(console)
    assert next(steps, None) is None


def test_whoever_watches_may_stop(sweep, put, monkeypatch):
    put("early/sum", 0, "running")

    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(live.time, "sleep", stop)
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    assert len(watch(sweep, interval=1.0, once=False, console=console).running) == 1


def test_without_a_terminal_the_thread_says_a_line_for_each_run_that_ends(sweep, put, dead):
    ask_for(sweep, early_sum=5)
    put("early/sum", 0, "finished", took=1.0)
    put("early/sum", 1, "failed", error="old")
    put("early/sum", 4, "failed", error="old")
    console = plain(width=30)
    with LiveThread(sweep, interval=0.01, console=console):
        put("early/sum", 1, "running")
        put("early/sum", 1, "finished", took=14.21, best=0.8612)
        wait_for(console, "seed 1 finished")
        put("early/sum", 2, "failed", error="ValueError: [bold] no")
        wait_for(console, "seed 2 failed")
        put("early/sum", 3, "running", owner=dead)
        wait_for(console, "seed 3 interrupted")
        put("early/sum", 4, "finished", took=3.0)
    assert text_of(console).splitlines() == [
        "1 of 5 already finished",
        "[2/5] early/sum seed 1 finished: val/accuracy 0.861 (14.2 s)",
        "[3/5] early/sum seed 2 failed: ValueError: [bold] no",
        "[4/5] early/sum seed 3 interrupted",
        "[5/5] early/sum seed 4 finished: no value yet (3.0 s)",
    ]


def test_runs_that_end_between_two_looks_are_said_in_their_order(sweep, put):
    ask_for(sweep, early_sum=2)
    console = plain()
    with LiveThread(sweep, interval=60.0, console=console):
        put("early/sum", 1, "finished", took=1.0)
        time.sleep(0.01)
        put("early/sum", 0, "finished", took=1.0)
    assert [line[:25] for line in text_of(console).splitlines()] == [
        "[1/2] early/sum seed 1 fi",
        "[2/2] early/sum seed 0 fi",
    ]


def test_nothing_to_do_is_said_once(sweep, put):
    for seed in range(3):
        put("early/sum", seed, "finished")
    console = plain()
    with LiveThread(sweep, interval=0.01, console=console):
        time.sleep(0.05)
    assert text_of(console) == "3 of 3 already finished\n"


def test_the_thread_may_begin_before_the_sweep(tmp_path, put):
    console = plain()
    with LiveThread(tmp_path / "trio", interval=0.01, console=console):
        put("early/sum", 0, "finished", took=2.0)
    assert text_of(console) == "[1/1] early/sum seed 0 finished: no value yet (2.0 s)\n"
    with LiveThread(tmp_path / "nothing", interval=0.01, console=console):
        time.sleep(0.05)


def test_the_thread_outlives_a_broken_file(sweep, put):
    console = plain()
    with LiveThread(sweep, interval=0.01, console=console):
        (sweep / "sweep.json").write_text("{")
        time.sleep(0.05)
        (sweep / "sweep.json").unlink()
        put("early/sum", 0, "finished", took=2.0)
    assert "seed 0 finished" in text_of(console)


def test_on_a_terminal_the_last_state_stays(sweep, put):
    ask_for(sweep, early_sum=2)
    put("early/sum", 1, "finished")
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with LiveThread(sweep, interval=0.01, console=console):
        put("early/sum", 0, "running")
        wait_for(console, "1 running")
        put("early/sum", 0, "finished", took=2.0)
    assert "2 finished" in text_of(console).rpartition("1 running")[2]
    assert "already" not in text_of(console)


def test_the_thread_ends_with_its_context_also_after_an_error(sweep):
    before = threading.active_count()

    def sweep_that_fails() -> None:
        with LiveThread(sweep, interval=60.0, console=plain()):
            raise ValueError("sweep failed")

    with pytest.raises(ValueError, match="sweep failed"):
        sweep_that_fails()
    assert threading.active_count() == before


def wait_for(console: Console, words: str) -> None:
    until = time.monotonic() + 10
    while words not in text_of(console):
        assert time.monotonic() < until, text_of(console)
        time.sleep(0.01)
