"""The trials of a search: asked for in batches, run as a sweep of their own, and told how they ended."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml
from hydra.core.override_parser.types import Quote, QuotedString

from fuselab.errors import ConfigError, RunFolderError
from fuselab.runs.checks import leaves
from fuselab.runs.fair import Asked
from fuselab.runs.folder import TRIALS, RunFolder
from fuselab.runs.identity import NEUTRAL, identity
from fuselab.runs.plan import Planned
from fuselab.runs.record import say_difference
from fuselab.runs.study import SearchFile, Trial, suggest
from fuselab.runs.sweep import Outcome

Lines = tuple[str, ...]


class Runner(Protocol):
    """What does runs: a sweep."""

    def plan(self, jobs: Sequence[Lines]) -> list[Planned]:
        """Find out what is left to do for each job."""

    def finish(self, planned: Sequence[Planned], *, folder: Path) -> Outcome:
        """Do what is left of a plan."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What trials are judged by.

    Args:
        metric: of the validation set
        mode: ``max`` or ``min``
    """

    metric: str
    mode: str

    def of(self, folder: RunFolder) -> float | None:
        """Return what a finished run has reached; None where that is no finite number.

        Raises:
            ConfigError: its result lacks the metric
        """
        split, name, *group = self.metric.split("/", 2)
        found = (folder.result() or {}).get(split) or {}
        value = (found.get("slices") or {}).get(group[0], {}).get(name) if group else found.get(name)
        if value is None:
            there = ", ".join(f"{split}/{one}" for one in found if one != "slices")
            raise ConfigError(f"monitor.metric ({self.metric}) must be in a run's result; choose one of: {there}")
        return float(value) if math.isfinite(value) else None


@dataclass(frozen=True, kw_only=True)
class SearchPlan:
    """What a search is to do, and with what.

    Args:
        asked: what it is asked for
        values: overrides of each compared value by its name
        goal: what trials are judged by
        runner: plans and runs
        name: of the sweep
        folder: its folder
        rerun: what becomes of runs that ended
    """

    asked: Asked
    values: Mapping[str, Lines]
    goal: Goal
    runner: Runner
    name: str
    folder: Path
    rerun: str

    @property
    def space(self) -> dict[str, Any]:
        """The space, as a record has it."""
        return {key: one.as_json() for key, one in self.asked.space.items()}

    @property
    def setup(self) -> dict[str, Any]:
        """What can't change in the course of a search: its trials would not be drawn from one thing."""
        settings = {key: value for key, value in asdict(self.asked.settings).items() if key != "trials"}
        return {"space": self.space, **settings, **asdict(self.goal)}

    def lines(self, name: str, drawn: Mapping[str, Any], *, seed: int) -> Lines:
        """Return the overrides of a run that opens the test set."""
        return (*self.asked.without(), *self._chosen(name, drawn), f"seed={seed}")

    def trial_lines(self, name: str, drawn: Mapping[str, Any]) -> Lines:
        """Return the overrides of a trial."""
        folder = QuotedString(f"{self.name}/{TRIALS}", Quote.single).with_quotes()
        own = (f"seed={self.asked.settings.trial_seed}", "test=false", f"name={folder}")
        return (*self.asked.without("name", "test"), *self._chosen(name, drawn), *own)

    def suggest(self, earlier: Sequence[Trial]) -> dict[str, Any]:
        """Return what the next trial tries."""
        maximize = self.goal.mode == "max"
        return suggest(earlier, space=self.asked.space, settings=self.asked.settings, maximize=maximize)

    def runs(self, jobs: Sequence[Lines]) -> list[Planned]:
        """Plan jobs, one run for each, although several may be the same."""
        known = {one.overrides: one for one in self.runner.plan(list(dict.fromkeys(jobs)))}
        return [known.get(one) or self.runner.plan([one])[0] for one in jobs]

    def _chosen(self, name: str, drawn: Mapping[str, Any]) -> Lines:
        return (*self.values[name], *(one.line(drawn[key]) for key, one in self.asked.space.items()))


@dataclass(frozen=True)
class _Job:
    """A trial and its run."""

    name: str
    trial: Trial
    run: Planned


class Trials:
    """The trials in a search's file.

    Args:
        plan: the search's
        file: where they are written down
    """

    def __init__(self, plan: SearchPlan, file: SearchFile) -> None:
        self._plan = plan
        self._file = file

    def checked(self) -> dict[str, list[Trial]]:
        """Return the trials that are there, by compared value.

        Raises:
            ConfigError: they were drawn from another space, or made with another config or budget
        """
        plan, found = self._plan, {}
        for name in self._file.names():
            before = self._file.setup(name)
            if before is None:  # stopped before its first trial
                continue
            if before != plan.setup:
                raise ConfigError(
                    f"the search in {plan.folder} must go on as it began; {say_difference(before, plan.setup)}: launch "
                    "it as it was, or choose another name=…"
                )
            found[name] = self._file.trials(name)
            self._check_budget(name, found[name])
        self._jobs([(name, trials[0]) for name, trials in found.items() if trials and name in plan.values])
        return found

    def begin(self) -> None:
        """Begin the search of each compared value, or go on with it.

        Raises:
            ConfigError: see ``checked``
        """
        for name, trials in self.checked().items():
            outcomes = {one.outcome for one in trials}
            # Nothing was learnt from them, and what made them all fail may have been mended since.
            useless = "failed" in outcomes and "done" not in outcomes
            if useless and name in self._plan.values and self._plan.rerun != "none":
                self._file.forget(name)
        for name in self._plan.values:
            self._file.begin(name, self._plan.setup)

    def batch(self, until: int) -> list[Planned]:
        """Do the trials up to a number; return the runs that have not ended.

        Raises:
            FuselabError: a run that can't begin, or whose result lacks the metric
        """
        taken_up: list[tuple[str, Trial]] = []
        new: list[tuple[str, Trial]] = []
        for name in self._plan.values:
            trials = self._file.trials(name)
            taken_up += [(name, one) for one in trials if one.outcome == "asked"]
            while len(trials) < until:
                drawn = self._plan.suggest(trials)
                one = Trial(number=len(trials), drawn=drawn, outcome="asked", value=None, run="", identity="")
                trials.append(one)
                new.append((name, one))
        jobs = self._jobs([*taken_up, *new])
        for job in jobs[len(taken_up) :]:
            run = job.run.folder.path.name
            self._file.add(job.name, drawn=job.trial.drawn, run=run, identity=identity(job.run.config))
        return self._do(jobs) if jobs else []

    def _do(self, jobs: Sequence[_Job]) -> list[Planned]:
        runs = {str(job.run.folder.path): job.run for job in jobs}  # the same setting twice is one run
        outcome = self._plan.runner.finish(list(runs.values()), folder=self._plan.folder / TRIALS)
        problems = {str(one.folder.path): one.problem for one in outcome.planned}
        left = []
        for job in jobs:
            if problem := problems.get(str(job.run.folder.path)):
                raise RunFolderError(f"trial {job.trial.number} of {job.name} can't be run: {problem}")
            run = job.run.looked_up()
            status = run.folder.status()
            if run.due == "done":
                self._file.tell(job.name, job.trial.number, self._plan.goal.of(run.folder))
            elif status is not None and status.state == "failed":
                self._file.tell(job.name, job.trial.number, None)
            else:
                left.append(run)
        return left

    def _check_budget(self, name: str, trials: Sequence[Trial]) -> None:
        wanted, ended = self._plan.asked.settings.trials, all(one.outcome != "asked" for one in trials)
        if name in self._plan.values:
            if len(trials) > wanted:
                raise ConfigError(
                    f"hydra.sweeper.trials ({wanted}) must be at least {len(trials)}, as many as {name} has in "
                    f"{self._plan.folder}; raise it, or choose another name=…"
                )
        elif len(trials) != wanted or not ended:
            raise ConfigError(
                f"what is compared ({', '.join(self._plan.values)}) must have as many trials as {name} in "
                f"{self._plan.folder}, which has {len(trials)} of {wanted}{'' if ended else ', not all ended'}; launch "
                f"{name} too, or choose another name=…"
            )

    def _jobs(self, trials: Sequence[tuple[str, Trial]]) -> list[_Job]:
        """Find the run of each trial, and refuse one that is no longer what it was."""
        plan = self._plan
        runs = plan.runs([plan.trial_lines(name, one.drawn) for name, one in trials])
        jobs = [_Job(name, one, run) for (name, one), run in zip(trials, runs, strict=True)]
        for job in jobs:
            goal = Goal(**{key: job.run.config["monitor"][key] for key in ("metric", "mode")})
            if goal != plan.goal:
                raise ConfigError(
                    f"monitor.metric ({goal.metric}, {goal.mode}) must be the same for all that is compared; "
                    f"{job.name} has another than {plan.goal.metric}, {plan.goal.mode}: set it once, outside"
                )
            if job.trial.identity not in ("", identity(job.run.config)):
                raise ConfigError(
                    f"the search in {plan.folder} must go on with the config that it began with; trial "
                    f"{job.trial.number} of {job.name} differs{self._difference(job)}: launch it as it was, or choose "
                    "another name=…"
                )
        return jobs

    def _difference(self, job: _Job) -> str:
        there = RunFolder(self._plan.folder / TRIALS / job.trial.run).config
        if not there.exists():
            return ""
        before, now = dict(leaves(yaml.safe_load(there.read_text(encoding="utf-8")))), dict(leaves(job.run.config))
        differing = {key for key in {*before, *now} if before.get(key) != now.get(key)}
        keys = sorted(key for key in differing if key.partition(".")[0] not in NEUTRAL)
        return f" in {', '.join(keys[:5])}"
