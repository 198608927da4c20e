"""Which runs a sweep asks for: grids, zipped parameters, several blocks of them, and what is left out.

A sweep file says it below ``hydra.sweeper``::

    params: {seed: "0,1,2"}                        # in every block
    blocks:
      - grid: {fusion: "early/concat,late/mean", width: "32,64"}
      - grid: {fusion: attention/cross}
        zip: {width: "32,64", optimizer.lr: "1e-3,3e-4"}   # first with first, second with second
    exclude:
      - {fusion: late/mean, width: 64}

What the command line sets wins over all of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.types import Override, Transformer

from fuselab.errors import ConfigError, nearest
from fuselab.runs.lines import plain

Parse = Callable[[str], Override]
_Axis = list[tuple[str, ...]]  # of a product: each entry sets one key, or zipped ones together
BLOCK_KEYS = ("grid", "zip", "exclude")


def expand(
    *,
    params: Mapping[str, Any],
    blocks: Sequence[Mapping[str, Any]],
    exclude: Sequence[Mapping[str, Any]],
    command: Sequence[str],
    parse: Parse,
) -> list[tuple[str, ...]]:
    """Return the overrides of every run that a sweep asks for, none twice.

    Args:
        params: of every block
        blocks: each with a ``grid``, a ``zip`` and an ``exclude`` of its own
        exclude: settings left out of every block
        command: overrides of the command line
        parse: reads one override

    Raises:
        ConfigError: a block that can't be read, zipped parameters of different lengths, or nothing left to run
    """
    given = {parse(one).key_or_group for one in command}
    fixed = [_values(parse(one)) for one in command]
    found: dict[tuple[str, ...], None] = {}
    swept = [key for one in parameters({"params": params, "blocks": blocks}) for key in one]
    _check_exclusions(exclude, [*swept, *given])
    for block in blocks or [{}]:
        _check_block(block)
        free = {**params, **(block.get("grid") or {})}
        axes = [_values(parse(line_of(key, value))) for key, value in free.items() if key not in given]
        axes += _zipped(block.get("zip") or {}, given, parse)
        own = block.get("exclude") or ()
        _check_exclusions(own, [*free, *(block.get("zip") or {}), *given])
        left_out = [_settings(one, parse) for one in (*exclude, *own)]
        jobs = [tuple(itertools.chain(*choice)) for choice in itertools.product(*axes, *fixed)]
        if left_out:
            set_by = {line: _set_by(line, parse) for job in jobs for line in job}
            jobs = [job for job in jobs if not any(_matches([set_by[line] for line in job], one) for one in left_out)]
        found |= dict.fromkeys(jobs)
    if not found:
        raise ConfigError("the sweep must have at least one run; its exclude leaves none: take a line out of it")
    return list(found)


def parameters(sweeper: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parameters of each block of a sweeper's config, those of every block and a search's space included."""
    params = {**(sweeper.get("params") or {}), **(sweeper.get("space") or {})}
    blocks = sweeper.get("blocks") or [{}]
    return [{**params, **(one.get("grid") or {}), **(one.get("zip") or {})} for one in blocks]


def _check_block(block: Mapping[str, Any]) -> None:
    for key in block:
        if key not in BLOCK_KEYS:
            raise ConfigError(
                f"a block of hydra.sweeper.blocks ({key}) must hold known keys; {nearest(key, BLOCK_KEYS)}"
            )


def line_of(key: str, value: Any) -> str:
    """Write a parameter of a sweep file as an override; a list stands for its values.

    Example:
        >>> line_of("seed", [0, 1]), line_of("fusion", "late/mean,late/vote")
        ('seed=0,1', 'fusion=late/mean,late/vote')
    """
    listed = isinstance(value, list)
    return f"{key}={','.join(map(Transformer.str, value)) if listed else value}"


def _values(override: Override) -> _Axis:
    key = override.get_key_element()
    if not override.is_sweep_override():
        return [(override.input_line or f"{key}={override.get_value_element_as_str()}",)]
    if not override.is_discrete_sweep():
        raise ConfigError(
            f"{override.input_line} must list its values in a grid; write {key}=1,2,3, or let hydra/sweeper=fair draw "
            "from an interval"
        )
    return [(f"{key}={value}",) for value in override.sweep_string_iterator()]


def _zipped(zipped: Mapping[str, Any], given: set[str], parse: Parse) -> list[_Axis]:
    columns = {key: _values(parse(line_of(key, value))) for key, value in zipped.items() if key not in given}
    lengths = {key: len(column) for key, column in columns.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        raise ConfigError(f"zipped parameters ({said}) must have as many values each; add or leave out some")
    return [[tuple(itertools.chain(*row)) for row in zip(*columns.values(), strict=True)]] if columns else []


def _settings(exclusion: Mapping[str, Any], parse: Parse) -> dict[str, list[Any]]:
    """Return the values of each key that, all together, leave a run out."""
    return {
        key: [_set_by(line, parse)[1] for (line,) in _values(parse(line_of(key, value)))]
        for key, value in exclusion.items()
    }


def _set_by(line: str, parse: Parse) -> tuple[str, Any]:
    """Return the key that an override sets, and its value, which can be written in several ways."""
    override = parse(line)
    return override.key_or_group, plain(override._value)


def _check_exclusions(exclusions: Iterable[Mapping[str, Any]], known: Sequence[str]) -> None:
    for exclusion in exclusions:
        for key in exclusion:
            if key not in known:
                raise ConfigError(f"exclude ({key}) must name a parameter of the sweep; {nearest(key, known)}")


def _matches(job: Iterable[tuple[str, Any]], exclusion: Mapping[str, list[Any]]) -> bool:
    values = dict(job)
    return all(key in values and values[key] in wanted for key, wanted in exclusion.items())
