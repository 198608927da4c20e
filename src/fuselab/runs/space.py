"""What a search may change: keys with their ranges or choices, as a command line or a sweep file says them.

::

    optimizer.lr: tag(log,interval(1e-4,1e-2))    {low: 1e-4, high: 1e-2, log: true}
    width: 32,64                                  [32, 64]
    encoder.text.layers: int(interval(1,4))       {low: 1, high: 4}
    optimizer.weight_decay: range(0.0,0.3,0.1)    {low: 0.0, high: 0.2, step: 0.1}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, RangeSweep

from fuselab.errors import ConfigError, nearest
from fuselab.runs.grid import line_of
from fuselab.runs.lines import plain, text

Number = int | float
RANGE_KEYS = ("low", "high", "log", "step")


@dataclass(frozen=True, kw_only=True)
class Choices:
    """A key that takes one of several values.

    Args:
        key: group or dotted key, as an override writes it
        texts: the values as an override writes them
        values: the values
    """

    key: str
    texts: tuple[str, ...]
    values: tuple[Any, ...]

    def line(self, drawn: Any) -> str:
        """Return the override for one of the texts."""
        return f"{self.key}={drawn}"

    def value(self, drawn: Any) -> Any:
        """Return the value of one of the texts."""
        return self.values[self.texts.index(drawn)]

    def as_json(self) -> dict[str, Any]:
        """Return it for a record."""
        return {"choices": list(self.values)}


@dataclass(frozen=True, kw_only=True)
class Range:
    """A key that takes a number between two.

    Args:
        key: dotted, as an override writes it
        low: the smallest; whole where both ends are whole, and then so is what is drawn
        high: the largest
        log: whether every factor is as likely as any other, and not every difference
        step: from one value to the next, or None
    """

    key: str
    low: Number
    high: Number
    log: bool = False
    step: Number | None = None

    def line(self, drawn: Any) -> str:
        """Return the override for a number."""
        return f"{self.key}={drawn!r}"

    def value(self, drawn: Any) -> Any:
        """Return the number."""
        return drawn

    def as_json(self) -> dict[str, Any]:
        """Return it for a record."""
        return {"low": self.low, "high": self.high, "log": self.log, "step": self.step}


Dimension = Choices | Range


def dimension(key: str, said: Any, parse: Callable[[str], Override]) -> Dimension:
    """Read what a sweep file says of a key.

    Args:
        key: group or dotted key
        said: a mapping, a list, or what a command line would say
        parse: reads one override

    Raises:
        ConfigError: no range, and no choices
    """
    if isinstance(said, Mapping):
        return _from_mapping(key, said)
    return from_override(parse(line_of(key, said)))


def from_override(override: Override) -> Dimension:
    """Read what an override says of a key.

    Args:
        override: with an interval, a range or choices

    Raises:
        ConfigError: none of them, or one that can't be drawn from
    """
    key, value = override.get_key_element(), override._value
    if isinstance(value, IntervalSweep) and value.start is not None and value.end is not None:
        return _checked(Range(key=key, low=value.start, high=value.end, log="log" in value.tags))
    if isinstance(value, RangeSweep):
        numbers = sorted(value.range()) if value.step else []
        if len(numbers) > 1:
            return _checked(Range(key=key, low=numbers[0], high=numbers[-1], step=abs(value.step)))
    if isinstance(value, ChoiceSweep):
        options = dict(zip(map(text, value.list), map(plain, value.list), strict=True))
        if len(options) > 1:
            return Choices(key=key, texts=tuple(options), values=tuple(options.values()))
    raise ConfigError(
        f"the space ({override.input_line}) must leave a choice; write {key}=1,2 or {key}=interval(1,2), or set it "
        "once, outside the space"
    )


def as_line(key: str, said: Any) -> str:
    """Write what a sweep file says of a key as an override, so that it is checked as one."""
    if not isinstance(said, Mapping):
        return line_of(key, said)
    found = _from_mapping(key, said)
    whole = isinstance(found.low, int)
    return f"{key}={'int(' * whole}interval({found.low!r},{found.high!r}){')' * whole}"


def _from_mapping(key: str, said: Mapping[str, Any]) -> Range:
    for name in said:
        if name not in RANGE_KEYS:
            raise ConfigError(
                f"the space of {key} ({name}) must be {', '.join(RANGE_KEYS)}; {nearest(name, RANGE_KEYS)}"
            )
    low, high, step = (said.get(name) for name in ("low", "high", "step"))  # type: Any, Any, Any
    log = said.get("log", False)
    if not (_is_number(low) and _is_number(high) and (step is None or _is_number(step)) and isinstance(log, bool)):
        raise ConfigError(
            f"the space of {key} ({dict(said)}) must have numbers for low and high; write {{low: 1, high: 8}}, with "
            "log: true or step: 1 if you want them"
        )
    whole = all(isinstance(one, int) for one in (low, high, step) if one is not None)
    kind: type[Number] = int if whole else float
    return _checked(Range(key=key, low=kind(low), high=kind(high), log=log, step=None if step is None else kind(step)))


def _checked(found: Range) -> Range:
    said = f"the space of {found.key} ({found.low} to {found.high})"
    if not found.low < found.high:
        raise ConfigError(f"{said} must go up; change its ends")
    if found.log and found.low <= 0:
        raise ConfigError(f"{said} must be above 0 for log: true; raise its lower end")
    if found.step is not None:
        steps = (found.high - found.low) / found.step if found.step > 0 else 0.0
        if found.log or round(steps) < 1 or abs(steps - round(steps)) > 1e-6:
            raise ConfigError(
                f"{said} must be whole steps of {found.step} above 0, without log; change the step or an end"
            )
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
