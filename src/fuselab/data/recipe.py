"""What the recipes of made data share: checked values, random streams, a name in the cache.

Every check takes the name below ``data.source`` and returns a plain value, so that equal values make equal recipes
however they are spelled.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from fuselab.errors import ConfigError, nearest

T = TypeVar("T", int, float)
Check = Callable[[str, Any, float, float], T]


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return the random stream of that seed and name: independent of every other.

    Example:
        >>> stream(0, "noise", "train").integers(100, size=3).tolist()
        [16, 69, 42]
    """
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def cache_key(name: str, values: Mapping[str, Any]) -> str:
    """Return the name in the cache of data made from plain values.

    Example:
        >>> cache_key("digits-v1", {"seed": 0})
        'digits-v1-de7d7744ccd7'
    """
    plain = json.dumps(values, sort_keys=True)
    return f"{name}-{hashlib.sha256(plain.encode()).hexdigest()[:12]}"


def number(name: str, value: Any, low: float, high: float) -> float:
    """Return a number within bounds as a float.

    Example:
        >>> number("noise", 1, 0, 10)
        1.0
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigError(f"data.source.{name} ({value}) must be a number from {low:,} to {high:,}; change it")
    return float(value)


def whole(name: str, value: Any, low: float, high: float) -> int:
    """Return a whole number within bounds as an int, also where it is written as 3.0.

    Example:
        >>> whole("seed", -1, 0, 10)
        Traceback (most recent call last):
        fuselab.errors.ConfigError: data.source.seed (-1) must be a whole number from 0 to 10; change it
    """
    count = value if isinstance(value, int) and not isinstance(value, bool) else None
    if isinstance(value, float) and value.is_integer():
        count = int(value)
    if count is None or not low <= count <= high:
        raise ConfigError(f"data.source.{name} ({value}) must be a whole number from {low:,} to {high:,}; change it")
    return count


def span(name: str, value: Any, check: Check[T], low: float, high: float) -> tuple[T, T]:
    """Return two ends, the lower one first.

    Example:
        >>> span("snr_db", [0, 5], number, -15, 100)
        (0.0, 5.0)
    """
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise ConfigError(f"data.source.{name} ({value}) must be two numbers; give [lowest, highest]")
    first, last = (check(name, end, low, high) for end in value)
    if first > last:
        raise ConfigError(
            f"data.source.{name} ([{first}, {last}]) must rise from lowest to highest; write [{last}, {first}]"
        )
    return first, last


def table(name: str, given: Any, known: Sequence[str], check: Check[T], low: float, high: float) -> dict[str, T]:
    """Return a value for each of the known names, in their order.

    Example:
        >>> table("sizes", {"val": 2, "train": 5}, ("train", "val"), whole, 1, 10)
        {'train': 5, 'val': 2}
    """
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"data.source.{name} ({given}) must be a mapping; give a value for each of {', '.join(known)}"
        )
    for key in given:
        if key not in known:
            raise ConfigError(f"data.source.{name}.{key} must be a known name; {nearest(str(key), known)}")
    for key in known:
        if key not in given:
            raise ConfigError(f"data.source.{name} must have {key}; give a value for each of {', '.join(known)}")
    return {key: check(f"{name}.{key}", given[key], low, high) for key in known}
