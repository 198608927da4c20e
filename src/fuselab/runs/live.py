"""A sweep while it runs, shown in the terminal: it lives on files alone, so any launcher will do."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fuselab.errors import RunFolderError
from fuselab.runs.status import State
from fuselab.runs.summary import Seen, SweepReader, SweepSummary

SHOWN = 8  # runs of a kind that are named before the rest is counted


def render(seen: SweepSummary) -> RenderableType:
    """Return a sweep for the terminal.

    Args:
        seen: the sweep
    """
    if seen.trials is not None:
        return Group(_render(seen.trials), Text(), _render(seen))
    return _render(seen)


def _render(seen: SweepSummary) -> RenderableType:
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
