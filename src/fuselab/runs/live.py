"""A sweep while it runs: read from its files, shown in the terminal, under any launcher."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import get_args

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fuselab.errors import RunFolderError
from fuselab.runs.files import read_json
from fuselab.runs.folder import RunFolder, find_runs
from fuselab.runs.status import State, Status

SHOWN = 8  # runs of a kind that are named before the rest is counted


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One run as its files show it.

    Args:
        name: its folder's name
        state: its state now
        status: its ``status.json``
        seconds: how long it took, or has been running
    """

    name: str
    state: State
    status: Status
    seconds: float

    @property
    def title(self) -> str:
        """Method and seed."""
        return f"{self.status.method} seed {self.status.seed}"

    @property
    def score(self) -> str:
        """The best validation value so far, by its name."""
        return "no value yet" if self.status.best is None else f"{self.status.monitor} {self.status.best:.3f}"


@dataclass(frozen=True, kw_only=True)
class SweepSummary:
    """A sweep at one moment.

    Args:
        name: its folder's name
        total: runs that the last launch asked for, or all that there are where that is more
        done: finished runs
        running: runs at work
        failed: runs that ended with an error
        interrupted: runs that were stopped
        unreadable: folders whose status makes no sense
        waiting: how many runs have not begun
        best: the run with the best validation value so far; None where runs watch different metrics
        seconds_left: estimated from finished runs; None where nothing is known
    """

    name: str
    total: int
    done: tuple[Seen, ...]
    running: tuple[Seen, ...]
    failed: tuple[Seen, ...]
    interrupted: tuple[Seen, ...]
    unreadable: tuple[str, ...]
    waiting: int
    best: Seen | None
    seconds_left: float | None

    @property
    def over(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self.running and not self.waiting


class SweepReader:
    """Reads a sweep again and again; a file that has not changed is not opened twice.

    Args:
        sweep: the sweep's folder
    """

    def __init__(self, sweep: Path) -> None:
        self.sweep = sweep
        self._known: dict[str, tuple[tuple[int, int], Status, float]] = {}
        self._parallel = 0

    def read(self) -> SweepSummary:
        """Return the sweep as it is now.

        Raises:
            RunFolderError: no such folder
        """
        runs: dict[State, list[Seen]] = {state: [] for state in get_args(State)}
        unreadable = []
        for folder in find_runs(self.sweep):
            try:
                seen = self._look(folder)
                runs[seen.state].append(seen)
            except FileNotFoundError:  # it went away since it was found
                continue
            except RunFolderError:
                unreadable.append(folder.path.name)
        asked = (read_json(self.sweep / "sweep.json") or {}).get("total", 0)
        found = sum(map(len, runs.values())) + len(unreadable)
        # Between two runs nothing runs for a moment, which is no reason to forget the pace.
        self._parallel = len(runs["running"]) or self._parallel
        return SweepSummary(
            name=self.sweep.resolve().name,
            total=max(asked, found),
            done=tuple(runs["finished"]),
            running=tuple(runs["running"]),
            failed=tuple(runs["failed"]),
            interrupted=tuple(runs["interrupted"]),
            unreadable=tuple(unreadable),
            waiting=max(0, asked - found),
            best=_best([*runs["finished"], *runs["running"]]),
            seconds_left=_seconds_left(runs["finished"], runs["running"], max(0, asked - found), self._parallel),
        )

    def _look(self, folder: RunFolder) -> Seen:
        name = folder.path.name
        stat = (folder.path / "status.json").stat()
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if name not in self._known or self._known[name][0] != stamp:
            status = folder.status()
            if status is None:
                raise FileNotFoundError(folder.path)
            self._known[name] = (stamp, status, _took(folder, status))
        _, status, took = self._known[name]
        state = status.state_now()
        seconds = time.time() - status.started if state == "running" else took
        return Seen(name=name, state=state, status=status, seconds=seconds)


def summary(sweep: Path) -> SweepSummary:
    """Return a sweep as it is now.

    Args:
        sweep: the sweep's folder

    Raises:
        RunFolderError: no such folder
    """
    return SweepReader(sweep).read()


def _took(folder: RunFolder, status: Status) -> float:
    # A resumed run's status knows the last attempt only; its result knows them all.
    total = ((folder.result() or {}).get("seconds") or {}).get("total") if status.state == "finished" else None
    return status.updated - status.started if total is None else float(total)


def _best(runs: Sequence[Seen]) -> Seen | None:
    judged = [run for run in runs if run.status.best is not None and math.isfinite(run.status.best)]
    if len({(run.status.monitor, run.status.mode) for run in judged}) != 1:
        return None
    sign = 1 if judged[0].status.mode == "max" else -1
    return max(judged, key=lambda run: sign * (run.status.best or 0.0))


def _seconds_left(done: Sequence[Seen], running: Sequence[Seen], waiting: int, parallel: int) -> float | None:
    if not running and not waiting:
        return 0.0
    if not done or not parallel:
        return None
    mean = sum(run.seconds for run in done) / len(done)
    rests = []
    for run in running:
        same = [other.seconds for other in done if other.status.method == run.status.method]
        rests.append(max(0.0, (sum(same) / len(same) if same else mean) - run.seconds))
    # The work is shared, but no run ends before its own time.
    return max([(sum(rests) + waiting * mean) / parallel, *rests])


def render(seen: SweepSummary) -> RenderableType:
    """Return a sweep for the terminal.

    Args:
        seen: the sweep
    """
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text(seen.name, style="bold"),
        ProgressBar(total=max(1, seen.total), completed=len(seen.done), width=30),
        f"{len(seen.done)}/{seen.total}",
        "" if seen.over or seen.seconds_left is None else f"about {say_duration(seen.seconds_left)} left",
    )
    counts = [
        (len(seen.done), "finished", "green"),
        (len(seen.running), "running", "cyan"),
        (len(seen.failed), "failed", "red"),
        (len(seen.interrupted), "interrupted", "yellow"),
        (len(seen.unreadable), "unreadable", "red"),
        (seen.waiting, "waiting", "dim"),
    ]
    said = [Text(f"{number} {state}", style=style) for number, state, style in counts if number]
    parts: list[RenderableType] = [head, Text(" · ").join(said or [Text("no runs yet")])]
    if seen.running:
        rows = [
            (run.title, f"{run.status.epoch}/{run.status.max_epochs}", run.score, say_duration(run.seconds))
            for run in seen.running
        ]
        parts.append(_list(("running", "epoch", "best so far", "for"), rows, style="cyan"))
    if seen.failed:
        rows_failed = [(run.title, run.status.error or "no message") for run in seen.failed]
        parts.append(_list(("failed", "error"), rows_failed, style="red"))
    if seen.best is not None:
        parts.append(Text(f"\nbest so far: {seen.best.title}, {seen.best.score}"))
    return Group(*parts)


def say_duration(seconds: float) -> str:
    """Return a duration as a person says it.

    Example:
        >>> say_duration(42.4), say_duration(250), say_duration(7500)
        ('42 s', '4 min', '2 h 05 min')
    """
    minutes = round(seconds / 60)
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _list(headings: Sequence[str], rows: Sequence[Sequence[str]], *, style: str) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), title=" ")
    table.add_column(headings[0], style=style, no_wrap=True)
    for heading in headings[1:]:
        table.add_column(heading, overflow="fold")
    for row in rows[:SHOWN]:
        table.add_row(*map(Text, row))
    if len(rows) > SHOWN:
        table.add_row(f"and {len(rows) - SHOWN} more")
    return table


def watch(sweep: Path, *, interval: float, once: bool, console: Console | None = None) -> SweepSummary:
    """Show a sweep until nothing runs and nothing waits; a console that is no terminal gets one snapshot.

    Args:
        sweep: the sweep's folder
        interval: seconds between two looks
        once: show it once and leave
        console: where to show it

    Returns:
        the sweep as it was seen last

    Raises:
        RunFolderError: no such folder
    """
    console = console or Console()
    reader = SweepReader(sweep)
    seen = reader.read()
    if once or not console.is_terminal:
        console.print(render(seen))
        return seen
    with Live(render(seen), console=console, auto_refresh=False) as live:
        try:
            while not seen.over:
                time.sleep(interval)
                seen = reader.read()
                live.update(render(seen), refresh=True)
        except KeyboardInterrupt:  # whoever watches may stop watching; the sweep goes on
            pass
    return seen


class LiveThread:
    """Shows a sweep from a thread while it runs: live on a terminal, else one line for each run that ends.

    Args:
        sweep: the sweep's folder; it need not exist yet
        interval: seconds between two looks
        console: where to show it
    """

    def __init__(self, sweep: Path, *, interval: float = 0.5, console: Console | None = None) -> None:
        self._reader = SweepReader(sweep)
        self._interval = interval
        self._console = console or Console()
        self._live = Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None
        self._old: set[tuple[str, State, float]] = set()
        self._told: set[tuple[str, State, float]] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="live view", daemon=True)

    def __enter__(self) -> LiveThread:
        """Begin; what ended before is no news."""
        seen = self._read()
        if seen is not None:
            self._old = {_ending(run) for run in (*seen.done, *seen.failed, *seen.interrupted)}
            if seen.done and self._live is None:
                self._say(f"{len(seen.done)} of {seen.total} already finished")
        if self._live is not None:
            self._live.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Show the last state and end."""
        self._stop.set()
        self._thread.join()
        self._show()
        if self._live is not None:
            self._live.stop()

    def _work(self) -> None:
        pause = self._interval
        while not self._stop.wait(pause):
            began = time.perf_counter()
            self._show()
            # The runs may be in this process: a look at a thousand folders takes its time, so look less often.
            pause = max(self._interval, 20 * (time.perf_counter() - began))

    def _show(self) -> None:
        seen = self._read()
        if seen is None:
            return
        if self._live is not None:
            self._live.update(render(seen), refresh=True)
            return
        # A failed run of an earlier launch is about to be repeated: it counts as ended when it has ended again.
        ended = [run for run in (*seen.failed, *seen.interrupted) if _ending(run) not in self._old]
        news = [run for run in (*seen.done, *ended) if _ending(run) not in self._old | self._told]
        before = len(seen.done) + len(ended) - len(news)
        for place, run in enumerate(sorted(news, key=lambda run: run.status.updated), start=before + 1):
            self._told.add(_ending(run))
            what = {"finished": f"finished: {run.score} ({run.seconds:.1f} s)", "failed": f"failed: {run.status.error}"}
            self._say(f"[{place}/{seen.total}] {run.title} {what.get(run.state, run.state)}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _read(self) -> SweepSummary | None:
        try:
            return self._reader.read()
        except (RunFolderError, OSError):  # no folder yet, or a disk that is slow to tell; the next look will do
            return None


def _ending(run: Seen) -> tuple[str, State, float]:
    return run.name, run.state, run.status.updated
