"""Errors that a user can act on: what (value) must …; do …."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FuselabError(Exception):
    """Base of every error that Fuselab raises on purpose; the command line prints it without a traceback."""


class ConfigError(FuselabError):
    """A config that can't be run, found before any data is read."""


class DataError(FuselabError):
    """Data that can't be used, with the place and the remedy."""


class RunFolderError(FuselabError):
    """A run or sweep folder that can't be written, or doesn't hold what is asked of it."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the known value nearest to a misspelt one, or all of them when none is near.

    Example:
        >>> nearest("fuson", ["fusion", "data"])
        "did you mean 'fusion'?"
        >>> nearest("xyz", ["fusion", "data"])
        'choose one of: data, fusion'
    """
    candidates = sorted(known)
    close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    return "choose one of: " + ", ".join(candidates)
