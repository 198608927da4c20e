"""What a fair search is asked for: which values are compared, what is searched for each, and how much it may cost.

A sweep file says it below ``hydra.sweeper``::

    params: {fusion: "early/concat,late/mean", trainer.max_epochs: 5}
    compare: [fusion]                              # each value of these keys gets a search of its own
    space: {optimizer.lr: "tag(log,interval(1e-4,1e-2))", width: [32, 64]}
    trials: 10                                     # of each compared value
    seeds: [0, 1, 2]                               # of the refits of the best setting

The command line says it as overrides: several values for a compared key are compared, several for ``seed`` are the
seeds of the refits, and any other key with several values, or an interval, is searched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.types import Override

from fuselab.errors import ConfigError, nearest
from fuselab.runs.grid import Parse, expand, line_of
from fuselab.runs.identity import NEUTRAL
from fuselab.runs.lines import plain
from fuselab.runs.space import Dimension, dimension, from_override

SAMPLERS = ("tpe", "random")
# Where a key begins that decides what a run is given or how it is judged: what every run has to share.
SHARED = frozenset({"data", "trainer", "monitor", "callbacks"})
SEARCHABLE = frozenset({"trainer.gradient_clip_val", "trainer.gradient_clip_algorithm"})  # neither budget nor judge


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What decides which trials there are, the space aside.

    Args:
        trials: of each compared value
        batch: trials of a compared value that are asked for before the first of them has ended
        sampler: ``tpe`` or ``random``
        sampler_seed: the same for each compared value
        trial_seed: of every trial's run
    """

    trials: int
    batch: int
    sampler: str
    sampler_seed: int
    trial_seed: int


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A fair search, read and found fit.

    Args:
        settings: how much of it
        compared: overrides of the compared keys, each with all its values
        space: what is searched, by key
        seeds: of the refits
        fixed: overrides of every run, each with its key
    """

    settings: Settings
    compared: tuple[str, ...]
    space: dict[str, Dimension]
    seeds: tuple[int, ...]
    fixed: tuple[tuple[str, str], ...]

    def values(self, parse: Parse) -> dict[str, tuple[str, ...]]:
        """Return the overrides of each compared value by its name.

        Args:
            parse: reads one override, globs included
        """
        found = expand(params={}, blocks=(), exclude=(), command=self.compared, parse=parse)
        return {", ".join(lines) if len(lines) > 1 else lines[0].partition("=")[2]: lines for lines in found}

    def without(self, *keys: str) -> tuple[str, ...]:
        """Return the overrides of every run but those of some keys."""
        return tuple(line for key, line in self.fixed if key not in keys)


def is_fair(sweeper: Mapping[str, Any]) -> bool:
    """Say whether a sweeper's config is a fair search's."""
    return "space" in sweeper


def read_asked(sweeper: Mapping[str, Any], command: Sequence[str], *, parse: Parse, seed: int) -> Asked:
    """Read what a search is asked for.

    Args:
        sweeper: its config, plain values
        command: overrides of the command line, which win over it
        parse: reads one override
        seed: the config's, for the refit where no other is given

    Raises:
        ConfigError: what is not fair, or makes no sense
    """
    settings, compare, said_seeds = _settings(sweeper), _names(sweeper, "compare"), _seeds(sweeper)
    given = {override.key_or_group: override for override in map(parse, command)}
    params, said = sweeper.get("params") or {}, sweeper.get("space") or {}
    for key in said:
        if key in params:
            raise ConfigError(f"{key} must be said once; take it out of hydra.sweeper.params or hydra.sweeper.space")
    from_file = {key: parse(line_of(key, value)) for key, value in params.items() if key not in given}
    lines = {**from_file, **given}
    space = {key: dimension(key, value, parse) for key, value in said.items() if key not in given}
    compared, fixed, seeds = [], [], None
    for key, override in lines.items():
        line = override.input_line or ""
        if key in compare:
            compared.append(line)
        elif key == "seed":
            seeds = _seeds_of(override)
        elif override.is_sweep_override():
            space[key] = from_override(override)
        else:
            fixed.append((key, line))
    for key in compare:
        if key not in lines:
            swept = [one for one, override in lines.items() if override.is_sweep_override()]
            hint = nearest(key, swept) if swept else f"add {key}=A,B"
            raise ConfigError(f"hydra.sweeper.compare ({key}) must name a key that is given its values; {hint}")
    for key in space:
        _check_searched(key, compare)
    if not space:
        raise ConfigError(
            "hydra.sweeper.space ({}) must hold a key to search; add one such as "
            "optimizer.lr=tag(log,interval(1e-4,1e-2))"
        )
    seeds = seeds or said_seeds or (seed,)
    if settings.trial_seed in seeds:
        raise ConfigError(
            f"hydra.sweeper.trial_seed ({settings.trial_seed}) must not be a seed of the refits "
            f"({', '.join(map(str, seeds))}), or what the choice has seen would count again; set another one"
        )
    return Asked(settings=settings, compared=tuple(compared), space=space, seeds=seeds, fixed=tuple(fixed))


def _settings(sweeper: Mapping[str, Any]) -> Settings:
    least = {"trials": 1, "batch": 1, "sampler_seed": 0, "trial_seed": 0}
    for key, least_value in least.items():
        if not _is_count(sweeper.get(key), least=least_value):
            raise ConfigError(
                f"hydra.sweeper.{key} ({sweeper.get(key)}) must be a whole number of at least {least_value}; set "
                f"hydra.sweeper.{key}={least_value}"
            )
    if sweeper.get("sampler") not in SAMPLERS:
        hint = nearest(str(sweeper.get("sampler")), SAMPLERS)
        raise ConfigError(f"hydra.sweeper.sampler ({sweeper.get('sampler')}) must be a sampler; {hint}")
    return Settings(sampler=sweeper["sampler"], **{key: sweeper[key] for key in least})


def _names(sweeper: Mapping[str, Any], key: str) -> list[str]:
    names = sweeper.get(key)
    if not isinstance(names, list) or not names or not all(isinstance(one, str) for one in names):
        raise ConfigError(f"hydra.sweeper.{key} ({names}) must be a list of keys; write hydra.sweeper.{key}=[fusion]")
    return names


def _seeds(sweeper: Mapping[str, Any]) -> tuple[int, ...]:
    seeds = sweeper.get("seeds")
    if seeds is None:
        return ()
    if not isinstance(seeds, list) or not seeds or not all(_is_count(one, least=0) for one in seeds):
        raise ConfigError(f"hydra.sweeper.seeds ({seeds}) must be a list of seeds; write hydra.sweeper.seeds=[0,1,2]")
    return tuple(dict.fromkeys(seeds))


def _seeds_of(override: Override) -> tuple[int, ...]:
    several = override.is_discrete_sweep()
    seeds = [plain(one) for one in (override.sweep_iterator() if several else [override._value])]
    if not all(_is_count(one, least=0) for one in seeds):
        raise ConfigError(f"{override.input_line} must list the seeds of the refits; write seed=0,1,2")
    return tuple(dict.fromkeys(seeds))


def _check_searched(key: str, compare: Sequence[str]) -> None:
    head = re.split("[./]", key, maxsplit=1)[0]
    if key == "seed":
        raise ConfigError("the space (seed) must not hold the seed; the best setting is refitted over seed=0,1,2")
    if key in compare:
        raise ConfigError(
            f"the space ({key}) must not hold what is compared; take it out of the space or of hydra.sweeper.compare"
        )
    if head in SHARED and key not in SEARCHABLE:
        raise ConfigError(
            f"the space ({key}) must not change the data, the budget or the metric, which all runs share; set {key} "
            "once, outside the space"
        )
    if head in NEUTRAL or head in ("method", "scheme_name", "test"):
        raise ConfigError(
            f"the space ({key}) must hold what can make a model better; set {key} once, outside the space"
        )


def _is_count(value: Any, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
