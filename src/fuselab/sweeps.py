"""What a sweeper needs of Hydra: jobs' configs before they are launched, and a launch of some of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    Override,
    ParsedElementType,
    Quote,
    QuotedString,
    ValueType,
)
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig
from rich.console import Console

from fuselab.errors import FuselabError
from fuselab.instantiate import instantiate
from fuselab.launch import require_writable
from fuselab.runs.aside import set_aside
from fuselab.runs.compose import match
from fuselab.runs.plan import Planned, plan
from fuselab.runs.process import warm_up
from fuselab.runs.stop import STOP, launch_environment
from fuselab.runs.sweep import Outcome, describe, drive, marker, render

OUTCOME = Outcome()  # of this process's sweep: Hydra hands nothing back


@contextmanager
def keeping_refusal() -> Iterator[None]:
    """Keep what a sweep refuses for the end of its process: between here and there is Hydra, with its traceback."""
    try:
        yield
    except FuselabError as error:
        OUTCOME.refused = error


class Sweep:
    """A sweep, seen from the process that launches it.

    Args:
        config: of the whole, Hydra's part included
        loader: composes jobs' configs
        launcher: runs jobs
    """

    def __init__(self, *, config: DictConfig, loader: ConfigLoader, launcher: Launcher) -> None:
        self._config = config
        self._loader = loader
        self._launcher = launcher
        self._parser = OverridesParser.create(config_loader=loader)
        self._number = 0
        self._loaded: set[str] = set()

    def parse(self, line: str) -> Override:
        """Read one override; a ``glob(…)`` stands for the options that it takes."""
        override = self._parser.parse_override(line)
        value: Any = override._value
        if isinstance(value, Glob):
            names: list[ParsedElementType] = [*match(override.key_or_group, value, self._list)]
            return replace(override, value_type=ValueType.CHOICE_SWEEP, _value=ChoiceSweep(list=names))
        return override

    def _list(self, group: str, kind: ObjectType) -> list[str]:
        return self._loader.get_group_options(group, kind)

    def plan(self, jobs: Sequence[tuple[str, ...]]) -> list[Planned]:
        """Find out what is left to do for each job."""
        return plan(
            jobs,
            compose=lambda overrides: self._loader.load_sweep_config(self._config, list(overrides)),
            parse=self.parse,
            groups=self._config.hydra.runtime.choices,
        )

    def run(self, jobs: Sequence[tuple[str, ...]], *, folder: Path) -> Outcome:
        """Say what is before a sweep, and do it unless this is a dry run.

        Args:
            jobs: overrides of each run
            folder: the sweep's
        """
        planned = self.plan(jobs)
        console = Console(highlight=False)
        if self._config.dry_run:
            console.print(render(planned))
            console.print(describe(planned), soft_wrap=True)
            return OUTCOME
        require_writable(folder)
        if self._config.rerun == "all":
            for one in planned:
                set_aside(one.folder)
            planned = [one.looked_up() for one in planned]
        console.print(describe(planned), soft_wrap=True)
        OUTCOME.planned, OUTCOME.folder = self.finish(planned, folder=folder).planned, folder
        return OUTCOME

    def finish(self, planned: Sequence[Planned], *, folder: Path) -> Outcome:
        """Do what is left of a plan.

        Args:
            planned: the runs
            folder: the sweep's
        """
        todo = [one for one in planned if one.is_to_do]
        if todo and isinstance(self._launcher, BasicLauncher):
            warm_up()  # its runs are forked from this process's server, which may as well begin
        # Once, here, with a progress bar: workers that all wait for one of them show nothing.
        sources = {str(one.config["data"]["source"]): one.config["data"]["source"] for one in todo}
        for said in sources.keys() - self._loaded:
            instantiate(sources[said]).load()
            self._loaded.add(said)
        stop = marker(folder)
        with STOP.heeding_signals(stop):
            return drive(planned, lambda some: self._launch(some, stop), folder=folder)

    def _launch(self, planned: Sequence[Planned], stop: Path) -> list[str | None]:
        jobs = [[*self._theirs(one), *_added(stop)] for one in planned]
        first = self._number
        self._number += len(jobs)
        returned = self._launcher.launch(jobs, initial_job_idx=first)
        if len(returned) != len(jobs):
            raise RuntimeError(f"it returned {len(returned)} outcomes of {len(jobs)} runs")
        # A job that died has an exception for its value; its folder says how far it came.
        ended = [one._return_value for one in returned]
        for value in ended:
            if isinstance(value, FuselabError):
                raise value
        return [value if isinstance(value, str) else None for value in ended]

    def _theirs(self, one: Planned) -> list[str]:
        return [line for line in one.overrides if self.parse(line).key_or_group not in ("rerun", "progress")]


def _added(stop: Path) -> list[str]:
    environment = launch_environment(stop)
    quoted = {name: QuotedString(value, Quote.single).with_quotes() for name, value in environment.items()}
    # What is launched is to be done; what was to be kept of earlier results is in its place by now.
    return ["rerun=failed", "progress=false", *(f"+hydra.job.env_set.{name}={value}" for name, value in quoted.items())]
