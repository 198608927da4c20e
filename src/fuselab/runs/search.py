"""A fair search: as many trials for each compared value, then its best setting over the seeds, and only then the test.

The trials are runs in ``trials`` that never open the test set, and ``search.db`` holds what was asked for and what that
gave. The record, ``search.json``, is written before the first refit; refits are runs of the sweep like any other.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console
from rich.table import Table

from fuselab.errors import RunFolderError
from fuselab.runs.aside import set_aside
from fuselab.runs.files import write_json
from fuselab.runs.folder import TRIALS, RunFolder, find_runs
from fuselab.runs.identity import identity
from fuselab.runs.lock import BusyError
from fuselab.runs.record import NAME, read_record, record_value, say_count, say_space
from fuselab.runs.study import SearchFile
from fuselab.runs.sweep import Outcome, describe
from fuselab.runs.trials import SearchPlan, Trials

DATABASE = "search.db"
Best = Mapping[str, Mapping[str, Any]]  # what was drawn for the best trial of each compared value


def search(plan: SearchPlan) -> Outcome:
    """Do what is left of a search, then the refits.

    Args:
        plan: what is to be done

    Returns:
        the refits; where the search was stopped, the trials that have not ended

    Raises:
        FuselabError: another search in the folder, or what can't go on
    """
    console = Console(highlight=False, soft_wrap=True)
    with _owned(plan.folder):
        if plan.rerun == "all":
            _set_aside(plan.folder)
        console.print(describe_search(plan))
        with _opened(plan) as file:
            trials = Trials(plan, file)
            trials.begin()
            size, total = plan.asked.settings.batch, plan.asked.settings.trials
            for until in range(size, total + size, size):
                if left := trials.batch(min(until, total)):
                    return Outcome(left)
            record, best = _found(plan, file)
        return _refit(plan, record, best, console)


def show(plan: SearchPlan) -> None:
    """Show what is left of a search, and do nothing.

    Args:
        plan: what is to be done

    Raises:
        FuselabError: what can't go on, be composed or be run
    """
    ended = dict.fromkeys(plan.values, 0)
    if (plan.folder / DATABASE).exists() and plan.rerun != "all":
        with _opened(plan) as file:
            there = Trials(plan, file).checked()
            ended = {name: sum(one.outcome != "asked" for one in there.get(name, ())) for name in ended}
    first = plan.suggest([])
    plan.runs([plan.lines(name, first, seed=seed) for name in plan.values for seed in plan.asked.seeds])
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("compared", "trials", "ended", "then refits with seed"):
        table.add_column(heading, no_wrap=True)
    for name, number in ended.items():
        table.add_row(name, str(plan.asked.settings.trials), str(number), ", ".join(map(str, plan.asked.seeds)))
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    console.print(describe_search(plan))


def describe_search(plan: SearchPlan) -> str:
    """Say in a line what a search is.

    Args:
        plan: what is to be done
    """
    settings, several = plan.asked.settings, len(plan.values)
    return (
        f"{say_count(settings.trials, 'trial')} ({settings.sampler}, sampler seed {settings.sampler_seed}) for each of "
        f"{say_count(several, 'compared value')} over {say_space(plan.space)}; the best {plan.goal.metric} chooses, "
        f"then {say_count(several * len(plan.asked.seeds), 'refit')}"
    )


def _found(plan: SearchPlan, file: SearchFile) -> tuple[dict[str, Any], Best]:
    """Return the record of all that was searched, and what to refit."""
    values, best = [], {}
    for name in dict.fromkeys([*plan.values, *file.names()]):
        trials = file.trials(name)
        if not any(one.outcome == "done" for one in trials):
            if name not in plan.values:  # given up
                continue
            status = RunFolder(plan.folder / TRIALS / trials[0].run).status()
            raise RunFolderError(
                f"the search for {name} must have a trial that finished; all {len(trials)} failed, the first with: "
                f"{status.error if status else 'no message'}; mend it and launch again, which repeats them"
            )
        said = [
            {
                "trial": one.number,
                "setting": {key: dimension.value(one.drawn[key]) for key, dimension in plan.asked.space.items()},
                "state": one.outcome,
                "value": one.value,
                "run": one.run,
                "identity": one.identity,
            }
            for one in trials
        ]
        found = record_value(name, said, mode=plan.goal.mode)
        best[name] = trials[found["best"]["trial"]].drawn
        values.append(found)
    compare = [line.lstrip("+").partition("=")[0] for line in plan.asked.compared]
    setup = {"trials": plan.asked.settings.trials, **plan.setup, "optuna": version("optuna")}
    return {"compare": compare, **setup, "values": values}, best


def _refit(plan: SearchPlan, record: dict[str, Any], best: Best, console: Console) -> Outcome:
    """Train the best setting of each compared value over the seeds, now that all are chosen and written down."""
    refits = [(name, seed) for name in plan.values for seed in plan.asked.seeds]
    planned = plan.runs([plan.lines(name, best[name], seed=seed) for name, seed in refits])
    earlier = read_record(plan.folder) or {"values": []}
    before = {one["value"]: one for one in earlier["values"]}
    record["replaced"] = [*earlier.get("replaced", [])]
    for found in record["values"]:
        old = before.get(found["value"])
        if old is not None and old["best"]["setting"] == found["best"]["setting"]:
            found["refits"] += old["refits"]
        elif old is not None:
            record["replaced"] += [
                one["run"] for one in old["refits"] if RunFolder(plan.folder / one["run"]).config.exists()
            ]
        for (name, seed), run in zip(refits, planned, strict=True):
            one = {"seed": seed, "run": run.folder.path.name, "identity": identity(run.config)}
            if name == found["value"] and one not in found["refits"]:
                found["refits"].append(one)
    write_json(plan.folder / NAME, record)
    # After the record, so that whoever goes on after an end between the two knows of them.
    gone = [RunFolder(plan.folder / name) for name in record["replaced"]]
    for folder in [*gone, *(run.folder for run in planned if plan.rerun == "all")]:
        set_aside(folder)
    planned = [run.looked_up() for run in planned]
    failed = sum(found["failed"] for found in record["values"])
    console.print(f"all trials have ended{f', {failed} of them failed' * bool(failed)}; refits: {describe(planned)}")
    return plan.runner.finish(planned, folder=plan.folder)


def _set_aside(folder: Path) -> None:
    """Keep what ``rerun=all`` replaces."""
    replaced = folder / ".replaced"
    there = [path for name in (DATABASE, NAME) if (path := folder / name).exists()]
    if there:
        place = replaced / f"search.{1 + sum(1 for _ in replaced.glob('search.*'))}"
        place.mkdir(parents=True)
        for path in there:
            shutil.move(path, place / path.name)
    if (folder / TRIALS).is_dir():
        for run in find_runs(folder / TRIALS):
            set_aside(run)


@contextmanager
def _opened(plan: SearchPlan) -> Iterator[SearchFile]:
    file = SearchFile(plan.folder / DATABASE, space=plan.asked.space, maximize=plan.goal.mode == "max")
    try:
        yield file
    finally:
        file.close()


@contextmanager
def _owned(folder: Path) -> Iterator[None]:
    lock = FileLock(folder / ".search.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise BusyError(
            f"the search in {folder} must have one owner; another process is at work on it: wait for it, or stop "
            "it first"
        ) from error
    try:
        yield
    finally:
        lock.release()
