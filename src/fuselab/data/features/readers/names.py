"""Which of a file's arrays is meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fuselab.errors import DataError, nearest


def which(path: Path, name: str | None, known: Sequence[str]) -> str:
    """Return the name of the array to read; without a name, that of the only one.

    Args:
        path: of the file
        name: that was asked for
        known: names of the file's arrays

    Raises:
        DataError: no such array, or several where none was named

    Example:
        >>> which(Path("a.npz"), None, ["text"])
        'text'
    """
    if name is None and len(known) == 1:
        return known[0]
    if name is None:
        raise DataError(
            f"array (null) must name one of the arrays in {path}; choose one of: {', '.join(sorted(known))}"
        )
    if name not in known:
        raise DataError(f"array ({name}) must be in {path}; {nearest(name, known)}")
    return name
