"""One override of a command line, read: is it a group's option or a key's value, and which values does it take?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    IntervalSweep,
    Override,
    QuotedString,
    RangeSweep,
    Transformer,
)
from hydra.errors import HydraException

from fuselab.errors import ConfigError
from fuselab.runs.compose import Composer, first_line


@dataclass(frozen=True, kw_only=True)
class Line:
    """One override, read.

    Args:
        override: what Hydra's parser makes of it
        key: group or dotted key, without prefix
        is_group: whether it chooses options of a group
        values: every value that it takes, or the ends of a range
    """

    override: Override
    key: str
    is_group: bool
    values: tuple[Any, ...]

    @property
    def is_hydras(self) -> bool:
        """Whether it is about Hydra itself."""
        return f"{self.key}.".startswith("hydra.")

    @property
    def shown(self) -> str:
        """The value as the user wrote it."""
        return (self.override.input_line or "").partition("=")[2]

    def is_below(self, group: Line) -> bool:
        """Whether it sets a key that a group's option brings."""
        return self.key.startswith(f"{group.key.replace('/', '.')}.")

    def choice(self, value: Any) -> str:
        """Write it with one of its values."""
        if not self.override.is_sweep_override():
            return self.override.input_line or ""
        return f"{self.override.get_key_element()}={text(value)}"


def parse(overrides: Sequence[str]) -> list[Override]:
    """Read overrides with Hydra's own parser.

    Raises:
        ConfigError: one that it can't read

    Example:
        >>> parse(["seed"])
        Traceback (most recent call last):
        fuselab.errors.ConfigError: the override (seed) must be written KEY=VALUE; ...
    """
    parser = OverridesParser.create()
    parsed = []
    for override in overrides:
        try:
            parsed.append(parser.parse_override(override))
        except HydraException as error:
            raise ConfigError(
                f"the override ({override}) must be written KEY=VALUE; Hydra says: {first_line(error)}; put a value "
                "with special characters in quotes of its own"
            ) from error
    return parsed


def read(override: Override, source: Composer) -> Line:
    """Find out what an override is about, and refuse a group or an option that isn't there.

    Args:
        override: as Hydra's parser gives it
        source: knows the groups

    Raises:
        ConfigError: no such group or option, or a sweep over nothing
    """
    key: str = override.key_or_group
    value: Any = override._value
    is_group = source.is_group(key)
    if "/" in key and not is_group:
        near = get_close_matches(key, source.groups, n=1) or source.groups
        raise ConfigError(f"{override.input_line} must name a group of conf; choose one of: {', '.join(near)}")
    if isinstance(value, Glob):
        value = ChoiceSweep(list=list(source.match(key, value)))
    values = tuple(_values(value))
    # A mapping changes what the chosen option holds.
    is_group = is_group and not any(isinstance(one, dict) for one in values)
    if not values:
        remedy = f"see what there is to match: fuselab list {key}" if is_group else "change its ends"
        raise ConfigError(f"{override.input_line} must stand for at least one value; {remedy}")
    if is_group and not (override.is_delete() and value is None):
        for option in itertools.chain.from_iterable(one if isinstance(one, list) else [one] for one in values):
            if option is None:
                raise ConfigError(f"{key} (null) must be an option of its group; leave the group out with ~{key}")
            if "${" not in str(option):
                source.check_option(key, str(option))
    return Line(override=override, key=key, is_group=is_group, values=values)


def plain(value: Any) -> Any:
    """Return a parsed value without its quotes."""
    if isinstance(value, QuotedString):
        return value.text
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {plain(key): plain(one) for key, one in value.items()}
    return value


def text(value: Any) -> str:
    """Write a value as an override would.

    Example:
        >>> text([None, 1, "a"])
        '[null,1,a]'
    """
    return Transformer.str(value)


def _values(value: Any) -> list[Any]:
    """Return what an override's value stands for; the first two of a range tell its kind."""
    if isinstance(value, ChoiceSweep):
        return [plain(one) for one in value.list]
    if isinstance(value, RangeSweep):
        return list(itertools.islice(value.range(), 2)) if value.step else []
    if isinstance(value, IntervalSweep):
        return [value.start, value.end]
    return [plain(value)]
