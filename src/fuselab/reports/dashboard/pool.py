"""Values that many runs share, written once: a run refers to them by number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class Pool:
    """Texts by number, in the order of their first use.

    Example:
        >>> pool = Pool()
        >>> pool.pairs({"lr": 0.1, "width": 64}), pool.pairs({"lr": 0.2, "width": 64})
        ([0, 1, 2, 3], [0, 4, 2, 3])
        >>> pool.texts
        ['lr', '0.1', 'width', '64', '0.2']
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @property
    def texts(self) -> list[str]:
        """All texts, by number."""
        return list(self._numbers)

    def number(self, text: str) -> int:
        """Return a text's number."""
        return self._numbers.setdefault(text, len(self._numbers))

    def pairs(self, content: Mapping[str, Any]) -> list[int]:
        """Return keys and values by number, one after the other.

        Args:
            content: flat
        """
        return [self.number(text) for key, value in content.items() for text in (key, say(value))]


def say(value: object) -> str:
    """Return a value as a reader writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
