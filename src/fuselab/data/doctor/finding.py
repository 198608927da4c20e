"""What an examination of data says: findings, and tables that they can be read off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was found.

    Args:
        level: ``error``: no training before it is mended; ``warning``: look at it; ``note``: good to know
        said: what, in a sentence, with the numbers and a remedy where there is one
    """

    level: Level
    said: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table.

    Args:
        title: what it shows
        headings: of its columns
        rows: cells as they are shown
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What one check found.

    Args:
        findings: in the order of their rows
        sheets: tables
    """

    findings: Sequence[Finding] = field(default_factory=tuple)
    sheets: Sequence[Sheet] = field(default_factory=tuple)
