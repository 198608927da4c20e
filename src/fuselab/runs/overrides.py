"""A command line's overrides, checked in its own process before anything is launched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import ChoiceSweep, Glob, Override, ParsedElementType, ValueType
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from fuselab.errors import ConfigError
from fuselab.runs.checks import check_config, with_value
from fuselab.runs.compose import HYDRA_ERRORS, Composer, composer, first_line, resolved
from fuselab.runs.fair import is_fair, read_asked
from fuselab.runs.grid import parameters
from fuselab.runs.keys import check_addition, check_key, check_value, exists, is_list_key, suggest
from fuselab.runs.lines import Line, parse, plain, read, text
from fuselab.runs.space import as_line

_Choice = tuple[Line, Any]  # a group and one of its options


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A command line that can be launched.

    Args:
        config: resolved, of its first run
        multirun: whether it launches a sweep, by itself or by what its sweep file says
    """

    config: dict[str, Any]
    multirun: bool


def check_overrides(
    overrides: Sequence[str],
    *,
    config_dir: Path | None = None,
    config_name: str = "train",
    multirun: bool = False,
) -> Checked:
    """Refuse overrides that would be ignored, misread, or fail in a run.

    Args:
        overrides: as on the command line, without flags
        config_dir: the user's own config folder, or None
        config_name: of the root config
        multirun: whether the command line has ``-m``

    Raises:
        ConfigError: the first thing that is wrong, with the nearest name or another remedy

    Example:
        >>> check_overrides(["sed=1"])
        Traceback (most recent call last):
        fuselab.errors.ConfigError: sed (1) must be a key or a group of the config; did you mean 'seed'?
    """
    parsed = parse(overrides)
    for one in parsed:
        if one.key_or_group.partition(".")[0] == "report":
            what = (one.input_line or "").lstrip("+")
            raise ConfigError(f"{what} must not be part of a run; say it to its report: fuselab report SWEEP {what}")
    places = [one for one in parsed if one.key_or_group == "hydra.searchpath"]
    searchpath = [place for one in places for place in _places(one)]
    with composer(config_dir=config_dir, config_name=config_name, searchpath=searchpath) as source:
        return _check([one for one in parsed if one not in places], source, multirun)


def _places(override: Override) -> list[str]:
    value = plain(override._value)
    if not isinstance(value, list):
        raise ConfigError(f"{override.input_line} must be a list of folders; write hydra.searchpath=[file:///mine]")
    return [str(one) for one in value]


def _check(overrides: Sequence[Override], source: Composer, multirun: bool) -> Checked:
    lines = [read(one, source) for one in overrides]
    groups, keys = _split(lines)
    config = source.compose([one.choice(one.values[0]) for one in groups])
    for line in keys:
        if line.is_hydras:
            _apply(config, line, source)
    keys = [line for line in keys if not line.is_hydras]
    if not multirun and config.hydra.mode != RunMode.MULTIRUN:
        _refuse_sweeps(lines, config)
        return Checked(config=_check_block(groups, keys, config, source), multirun=False)
    given = {line.key for line in lines}
    blocks = []
    sweeper: Any = OmegaConf.to_container(config.hydra.sweeper)
    if is_fair(sweeper):
        command = [one.input_line or "" for one in overrides if not one.is_hydra_override()]
        read_asked(sweeper, command, parse=lambda line: _listed(parse([line])[0], source), seed=config.seed)
    elif "blocks" in sweeper:  # a grid; another sweeper may draw from an interval
        _refuse_intervals(lines)
    for params in parameters(sweeper):
        # What a sweep file says, where the command line doesn't say it itself.
        said = {key: value for key, value in params.items() if key not in given}
        more_groups, more_keys = _split([read(one, source) for one in parse(list(map(as_line, said, said.values())))])
        composed = source.compose([one.choice(one.values[0]) for one in (*groups, *more_groups)])
        blocks.append(_check_block([*groups, *more_groups], [*more_keys, *keys], composed, source))
    return Checked(config=blocks[0], multirun=True)


def _check_block(groups: Sequence[Line], keys: Sequence[Line], config: DictConfig, source: Composer) -> dict[str, Any]:
    _apply_all(config, keys, source, swept=[(one, one.values[0]) for one in groups if len(one.values) > 1])
    _check_other_options(groups, keys, source)
    job = resolved(config)
    check_config(job)
    for line in keys:
        for value in line.values[1:]:
            if not isinstance(value, dict) and "${" not in str(value):
                check_config(with_value(job, line.key.split("."), value))
    return job


def _split(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    return [line for line in lines if line.is_group], [line for line in lines if not line.is_group]


def _refuse_sweeps(lines: Sequence[Line], config: DictConfig) -> None:
    for line in lines:
        if line.override.is_sweep_override():
            is_list = not line.is_group and is_list_key(config, line.key)
            listed = f", or write {line.key}=[{line.shown}] for a list" if is_list else ""
            raise ConfigError(f"{line.key} ({line.shown}) must be one value in a single run; add -m to sweep{listed}")


def _listed(override: Override, source: Composer) -> Override:
    """Put the options that a ``glob(…)`` takes in its place."""
    value: Any = override._value
    if not isinstance(value, Glob):
        return override
    names: list[ParsedElementType] = [*source.match(override.key_or_group, value)]
    return replace(override, value_type=ValueType.CHOICE_SWEEP, _value=ChoiceSweep(list=names))


def _refuse_intervals(lines: Sequence[Line]) -> None:
    for line in lines:
        if line.override.is_interval_sweep():
            raise ConfigError(
                f"{line.key} ({line.shown}) must list its values in a grid; write {line.key}=1,2,3, or let "
                "sweeper=fair draw from an interval"
            )


def _apply(config: DictConfig, line: Line, source: Composer) -> None:
    """Check a key and its values, then set the first of them."""
    override, key, shown = line.override, line.key, line.shown
    if line.is_hydras and override.is_sweep_override():
        raise ConfigError(
            f"{key} ({shown}) must be one value: Hydra can't sweep its own settings; launch once for each"
        )
    if override.is_add():
        check_addition(config, key, line.values[0], shown, groups=source.groups)
    elif override.is_delete():
        if not exists(config, key):
            near = [f"write ~{one} or " for one in suggest(config, key)[:1]]
            raise ConfigError(f"~{key} must drop a key that the config has; {''.join(near)}leave it out")
        there = OmegaConf.select(config, key, throw_on_resolution_failure=False)
        if line.values[0] not in (None, there):
            raise ConfigError(f"~{key} ({shown}) must be the value that is there ({there}); write ~{key} to drop any")
        parent, _, last = key.rpartition(".")
        with open_dict(config):
            del (OmegaConf.select(config, parent) if parent else config)[last]
        return
    elif not override.is_force_add():
        check_key(config, key, shown, groups=source.groups)
        _check_interval(config, line)
        for value in line.values if not line.is_hydras else ():
            check_value(config, key, value, text(value) if len(line.values) > 1 else shown, groups=source.groups)
    try:
        OmegaConf.update(config, key, line.values[0], merge=True, force_add=True)
    except (*HYDRA_ERRORS, AttributeError, AssertionError) as error:
        # OmegaConf says the last two of a mapping for what is null.
        raise ConfigError(f"{key} ({shown}) must be a value that Hydra takes; it says: {first_line(error)}") from error


def _check_interval(config: DictConfig, line: Line) -> None:
    """Refuse an interval of any numbers for a key that takes whole ones; Hydra has a word for it."""
    default = OmegaConf.select(config, line.key, throw_on_resolution_failure=False)
    whole = isinstance(default, int) and not isinstance(default, bool)
    if whole and line.override.is_interval_sweep() and any(isinstance(value, float) for value in line.values):
        raise ConfigError(
            f"{line.key} ({line.shown}) must be whole numbers, as its default {default} is; write "
            f"{line.key}=int({line.shown})"
        )


def _apply_all(config: DictConfig, keys: Sequence[Line], source: Composer, *, swept: Sequence[_Choice]) -> None:
    """Apply keys one by one; where one fails below a swept group, say with which of its options."""
    for line in keys:
        try:
            _apply(config, line, source)
        except ConfigError as error:
            for group, option in swept:
                if line.is_below(group):
                    raise ConfigError(f"with {group.key}={text(option)}: {error}") from error
            raise


def _check_other_options(groups: Sequence[Line], keys: Sequence[Line], source: Composer) -> None:
    """Check a key below a swept group against each of the group's options, not only the first."""
    for swept in groups:
        below = [line for line in keys if line.is_below(swept)]
        for option in swept.values[1:] if below else ():
            config = source.compose([one.choice(option if one is swept else one.values[0]) for one in groups])
            _apply_all(config, below, source, swept=[(swept, option)])
