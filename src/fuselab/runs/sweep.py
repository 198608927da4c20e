"""A sweep from its plan to its end, whatever launches it and whatever dies on the way."""

from __future__ import annotations

import os
import shlex
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fuselab.errors import FuselabError
from fuselab.runs.compose import first_line
from fuselab.runs.files import write_json
from fuselab.runs.live import LiveThread, say_duration
from fuselab.runs.lock import holder
from fuselab.runs.plan import Planned
from fuselab.runs.stop import STOP

Launch = Callable[[Sequence[Planned]], Sequence[str | None]]  # for each run what kept it from beginning, if anything
FRUITLESS = 3  # launches in a row that bring no run an epoch further: whatever kills the workers will go on doing so
LOOK = 1.0  # seconds between two looks at a run that another process is at work on
SAID = {
    "done": "finished",
    "left": "failed, left so",
    "new": "to train",
    "resume": "to resume",
    "repeat": "failed, to repeat",
    "broken": "can't be used",
}


@dataclass
class Outcome:
    """How a sweep ended.

    Args:
        planned: its runs, as their files show them now
        folder: the sweep's; None where nothing was launched
        refused: why it ended before its runs did; Hydra would show it with a traceback
    """

    planned: list[Planned] = field(default_factory=list)
    folder: Path | None = None
    refused: FuselabError | None = None

    def failures(self) -> list[tuple[Planned, str]]:
        """Return the runs that failed, each with the reason."""
        found = []
        for one in self.planned:
            if one.problem is not None:
                found.append((one, one.problem))
            elif one.due not in ("done", "new", "resume"):
                status = one.folder.status()
                found.append((one, (status.error if status else None) or "no message"))
            elif one.due != "done" and (status := one.folder.status()) is not None and status.state == "failed":
                found.append((one, status.error or "no message"))
        return found

    def unfinished(self) -> list[Planned]:
        """Return the runs that neither finished nor failed."""
        failed = {id(one) for one, _ in self.failures()}
        return [one for one in self.planned if one.due != "done" and id(one) not in failed]


def drive(planned: Sequence[Planned], launch: Launch, *, folder: Path) -> Outcome:
    """Launch what is left to do until every run has ended.

    A launcher whose worker died gives up on the whole batch; what it left is launched again, each run from its last
    checkpoint. A run that another process is at work on is waited for.

    Args:
        planned: the sweep's runs
        launch: does some of them
        folder: the sweep's

    Raises:
        FuselabError: a launcher that can't launch
    """
    outcome = Outcome([*planned])
    todo = [one for one in planned if one.is_to_do]
    command = shlex.join(["fuselab", "train", *sys.argv[1:]])
    runs = [one.folder.path.name for one in planned]
    write_json(folder / "sweep.json", {"started": time.time(), "command": command, "runs": runs})
    if not todo:
        return outcome
    refused: dict[str, str] = {}
    fruitless = 0
    with LiveThread(folder):
        while todo and not STOP.asked():
            before = {str(one.folder.path): _progress(one) for one in todo}
            error: Exception | None = None
            problems: Sequence[str | None] = [None] * len(todo)
            try:
                problems = launch(todo)
            except FuselabError:
                raise
            except Exception as raised:
                error = raised
            refused |= {str(one.folder.path): said for one, said in zip(todo, problems, strict=True) if said}
            todo = [one.looked_up() for one in todo if str(one.folder.path) not in refused]
            left = [one for one in todo if one.is_to_do and not _has_failed(one, before[str(one.folder.path)])]
            busy = [one for one in left if holder(one.folder.path) is not None]
            gained = len(left) < len(before) or any(_progress(one)[2] > before[str(one.folder.path)][2] for one in left)
            began = any(_progress(one) != before[str(one.folder.path)] for one in todo)
            fruitless = 0 if gained else fruitless + 1
            if left and not busy and not STOP.asked() and (not began or fruitless == FRUITLESS):
                reason = "it returned without one step of them" if error is None else first_line(error)
                raise FuselabError(
                    f"the launcher must do the {len(left)} runs that are left; see what it needs in its file in "
                    f"conf/launcher, and run.log in the folders below {folder} ({reason})"
                ) from error
            while any(holder(one.folder.path) is not None for one in busy) and not STOP.asked():
                time.sleep(LOOK)
            todo = [now for one in left if (now := one.looked_up()).is_to_do]
    looked_up = [one.looked_up() for one in planned]
    outcome.planned = [replace(one, problem=one.problem or refused.get(str(one.folder.path))) for one in looked_up]
    return outcome


def tell(outcome: Outcome) -> int:
    """Print a line for each run that failed, with the command that repeats it; return an exit code.

    Args:
        outcome: of the sweep

    Raises:
        FuselabError: what was refused
    """
    if outcome.refused is not None:
        raise outcome.refused
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    failed = outcome.failures()
    for one, reason in failed:
        console.print(Text.assemble(("failed ", "red"), f"{_title(one)}: {reason}"))
        console.print(Text(f"       {one.folder.path}; repeat it with: {_command(one)}"))
    if failed:
        every = shlex.join(["fuselab", "train", *sys.argv[1:]])
        console.print(Text(f"{len(failed)} of {len(outcome.planned)} runs failed; repeat them all with: {every}"))
    stopped = STOP.exit_code()
    if stopped is not None:
        left = len(outcome.unfinished())
        console.print(f"stopped; {left} of {len(outcome.planned)} runs are left: the same command does them")
        return stopped
    return 1 if failed or outcome.unfinished() else 0


def describe(planned: Sequence[Planned]) -> str:
    """Say in a line what is before a sweep.

    Args:
        planned: its runs
    """
    counts = {due: sum(one.due == due for one in planned) for due in SAID}
    said = ", ".join(f"{number} {SAID[due]}" for due, number in counts.items() if number)
    total = sum(seconds for one in planned if one.is_to_do and (seconds := estimate(one, planned)))
    time_said = f"; about {say_duration(total)} of training" if total else ""
    return f"{len(planned)} run{'s'[: len(planned) != 1]}: {said}{time_said}"


def estimate(one: Planned, planned: Sequence[Planned]) -> float | None:
    """Return how long a run may take, by what finished runs of its method took, or of all; None without any."""
    took = [(other.config["method"], _seconds(other)) for other in planned if other.due == "done"]
    same = [seconds for method, seconds in took if method == one.config["method"]]
    known = same or [seconds for _, seconds in took]
    return sum(known) / len(known) if known else None


def render(planned: Sequence[Planned]) -> Table:
    """Return the table of a sweep's runs.

    Args:
        planned: its runs
    """
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("method", "seed", "what", "about", "folder"):
        table.add_column(heading, no_wrap=heading != "folder")
    for one in planned:
        seconds = estimate(one, planned) if one.is_to_do else None
        table.add_row(
            Text(str(one.config["method"])),
            str(one.config["seed"]),
            SAID[one.due],
            "" if seconds is None else say_duration(seconds),
            Text(one.folder.path.name if one.problem is None else one.problem),
        )
    return table


def marker(folder: Path) -> Path:
    """Return the file by which this process tells the jobs of its sweep to stop."""
    return folder / f".stop-{socket.gethostname()}-{os.getpid()}"


def _has_failed(one: Planned, before: tuple[str, int, int]) -> bool:
    """Say whether a run has failed since; its attempts tell, and no clock: those of several machines differ."""
    status = one.folder.status()
    return status is not None and status.state == "failed" and status.attempts != before[1]


def _progress(one: Planned) -> tuple[str, int, int]:
    """Return how far a run is; a launch that changes nothing of it will change nothing the next time."""
    status = None if one.due == "broken" else one.folder.status()
    return ("", 0, 0) if status is None else (status.state, status.attempts, status.epoch)


def _seconds(one: Planned) -> float:
    return float(((one.folder.result() or {}).get("seconds") or {}).get("total") or 0.0)


def _title(one: Planned) -> str:
    return f"{one.config['method']} seed {one.config['seed']}"


def _command(one: Planned) -> str:
    return shlex.join(["fuselab", "train", *one.overrides])
