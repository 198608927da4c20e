"""Numbers as a page needs them: short, and JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable

DIGITS = 5  # significant; a screen shows three
EXACT = 17  # of what tables show too: the number itself, since what is rounded twice may come out another one


def short(value: float, digits: int = DIGITS) -> float | int | None:
    """Return a number with few digits; None where it is none.

    Args:
        value: the number
        digits: significant ones

    Example:
        >>> short(0.123456789), short(3.0), short(123456789.0), short(float("nan"))
        (0.12346, 3, 123456789, None)
    """
    value = float(value)
    if not math.isfinite(value):
        return None
    if value.is_integer():
        return int(value)
    return float(f"{value:.{digits}g}")


def shorts(values: Iterable[float], digits: int = DIGITS) -> list[float | int | None]:
    """Return several numbers with few digits."""
    return [short(value, digits) for value in values]
