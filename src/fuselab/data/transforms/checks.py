"""What steps of any modality ask of their numbers, said in the words of the config."""

from __future__ import annotations

from collections.abc import Sequence

from fuselab.errors import ConfigError


def check_share(**given: float) -> None:
    """Refuse a number that is no share.

    Raises:
        ConfigError: below 0, or above 1

    Example:
        >>> check_share(probability=0.5)
    """
    for name, value in given.items():
        if not 0 <= value <= 1:
            raise ConfigError(f"transform.*.{name} ({value}) must be between 0 and 1; choose one such as 0.1")


def check_least(least: float, **given: float) -> None:
    """Refuse a number that is too small.

    Raises:
        ConfigError: below the least

    Example:
        >>> check_least(1, size=4)
    """
    for name, value in given.items():
        if value < least:
            raise ConfigError(f"transform.*.{name} ({value}) must be at least {least}; raise it")


def check_above(bound: float, **given: float) -> None:
    """Refuse a number that is not above a bound.

    Raises:
        ConfigError: the bound or below

    Example:
        >>> check_above(0, seconds=0.5)
    """
    for name, value in given.items():
        if value <= bound:
            raise ConfigError(f"transform.*.{name} ({value}) must be above {bound}; raise it")


def check_range(**given: Sequence[float]) -> None:
    """Refuse what is no range of numbers.

    Raises:
        ConfigError: not two numbers, the lower one first

    Example:
        >>> check_range(snr_db=[5, 20])
    """
    for name, value in given.items():
        if len(value) != 2 or value[0] > value[1]:
            raise ConfigError(
                f"transform.*.{name} ({list(value)}) must be two numbers, the lower one first; write [5, 20]"
            )
