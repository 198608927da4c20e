"""What a sweep has before it: the config, the folder and the state of every run, without torch and within seconds."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from hydra.core.override_parser.types import Override, QuotedString
from omegaconf import DictConfig, OmegaConf

from fuselab.errors import FuselabError, RunFolderError
from fuselab.runs.checks import check_config, leaves, with_value
from fuselab.runs.compose import resolved
from fuselab.runs.due import Due, due
from fuselab.runs.folder import RunFolder
from fuselab.runs.identity import run_folder

_OF_THE_JOB = re.compile(r"hydra:(?!runtime\.choices)")  # such as the job's list of overrides
Compose = Callable[[Sequence[str]], DictConfig]
Parse = Callable[[str], Override]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One run of a sweep.

    Args:
        overrides: of the command line that makes it
        config: its resolved config
        folder: where it belongs
        due: what is left to do; ``broken`` where its folder can't be used
        problem: why it can't
    """

    overrides: tuple[str, ...]
    config: Mapping[str, Any]
    folder: RunFolder
    due: Due | Literal["broken"]
    problem: str | None = None

    @property
    def is_to_do(self) -> bool:
        """Whether it is to be launched."""
        return self.due in ("new", "resume", "repeat")

    def looked_up(self) -> Planned:
        """Return it as its files show it now."""
        try:
            return replace(self, due=due(self.config, self.folder), problem=None)
        except RunFolderError as error:
            return replace(self, due="broken", problem=str(error))


def plan(jobs: Sequence[tuple[str, ...]], *, compose: Compose, parse: Parse, groups: Collection[str]) -> list[Planned]:
    """Find out what is left to do for every run of a sweep; runs of one config are one run.

    Args:
        jobs: overrides of each run
        compose: makes a run's config from its overrides
        parse: reads one override
        groups: keys that choose an option of a group

    Raises:
        ConfigError: a run whose config can't be made or can't be run
    """
    found: dict[str, Planned] = {}
    for overrides, config in zip(jobs, _configs(jobs, compose, parse, groups), strict=True):
        folder = run_folder(config)
        one = Planned(overrides=overrides, config=config, folder=folder, due="new")
        found.setdefault(str(folder.path), one)
    return [one.looked_up() for one in found.values()]


def _configs(
    jobs: Sequence[tuple[str, ...]], compose: Compose, parse: Parse, groups: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Yield each run's resolved config.

    Composing takes a tenth of a second. Runs that differ in a plain value alone, such as the seed, differ in that
    value alone after composing, unless another value refers to it: one of them is composed and the others derived.
    """
    parsed = {line: parse(line) for line in {line for job in jobs for line in job}}
    varying = _varying_keys(jobs, parsed) - set(groups)
    known: dict[tuple[tuple[str, ...], frozenset[str]], _Base] = {}
    for job in jobs:
        rest = tuple(line for line in job if parsed[line].key_or_group not in varying)
        values = {
            parsed[line].key_or_group: parsed[line].value() for line in job if parsed[line].key_or_group in varying
        }
        like = (rest, frozenset(values))  # a block may leave a key at its default that another one sets
        base = known.get(like)
        if base is None or not all(base.can_replace(key) for key in values):
            try:
                composed = compose(job)
                interpolations = _interpolations(composed)
                config = resolved(composed)
                check_config(config)
            except FuselabError as error:
                raise type(error)(f"with {' '.join(job)}: {error}") from error
            known[like] = _Base(config, interpolations)
            yield config
            continue
        config = base.config
        for key, value in values.items():
            config = with_value(config, key.split("."), value)
        check_config(config)
        yield config


@dataclass(frozen=True)
class _Base:
    config: dict[str, Any]
    interpolations: str

    def can_replace(self, key: str) -> bool:
        value: Any = self.config
        for part in key.split("."):
            if not isinstance(value, Mapping) or part not in value:
                return False
            value = value[part]
        if isinstance(value, Mapping | list) or _OF_THE_JOB.search(self.interpolations):
            return False
        # A value may be referred to by its own name, or within a parent that is.
        return not any(part in self.interpolations for part in key.split("."))


def _varying_keys(jobs: Sequence[tuple[str, ...]], parsed: Mapping[str, Override]) -> set[str]:
    """Return keys that are set to several plain values in the course of a sweep, and which nothing else touches."""
    lines: dict[str, set[str]] = {}
    for job in jobs:
        for line in job:
            lines.setdefault(parsed[line].key_or_group, set()).add(line)
    return {
        key
        for key, several in lines.items()
        if len(several) > 1
        and all(_is_plain(parsed[line]) for line in several)
        and not any(other != key and (f"{key}.".startswith(f"{other}.") or other == key) for other in lines)
    }


def _is_plain(override: Override) -> bool:
    changes = not (override.is_add() or override.is_delete() or override.is_force_add())
    value = override._value
    text = value.text if isinstance(value, QuotedString) else value
    return changes and isinstance(text, str | int | float | bool | None) and "${" not in str(text)


def _interpolations(config: DictConfig) -> str:
    plain: Any = OmegaConf.to_container(config, resolve=False)
    return "\n".join(value for _, value in leaves(plain) if isinstance(value, str) and "${" in value)
