"""Errors that a user can act on: what (value) must …; do …."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable


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


def exit_code(command: Callable[[], int]) -> int:
    """Run a command; what a user can act on is said in one line, without a traceback.

    Args:
        command: returns an exit code

    Example:
        >>> exit_code(lambda: 0)
        0
    """
    try:
        return command()
    except FuselabError as error:
        print(f"fuselab: {error}", file=sys.stderr)  # noqa: T201 the command line speaks here
        return 2
    except KeyboardInterrupt:
        print("fuselab: interrupted; the same command does what is left", file=sys.stderr)  # noqa: T201
        return 130
