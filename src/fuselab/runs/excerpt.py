"""``excerpt/<data>.parquet`` of a sweep: a few test samples as a person sees and hears them, for its report.

Every run of one data is tested on the same samples, so one file serves them all.

Shapes: S samples.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuselab.errors import RunFolderError
from fuselab.runs.files import write_whole

Array = npt.NDArray[Any]
_DRAW = 0  # one seed for every sweep: the same data gives the same excerpt


@dataclass(frozen=True)
class Shown:
    """One modality of one sample.

    Args:
        index: the sample's row in the test split
        modality: its name
        media_type: of the content, such as ``image/png``, or None where the sample lacks the modality; numbers are
            ``application/json`` of their ``kind`` (``vector``, ``lines`` or ``strip``) and what it needs
        content: a whole file of that type
        note: what was done to the values so that they can be shown; None where they are as they were, or where an
            older file says nothing of it
    """

    index: int
    modality: str
    media_type: str | None
    content: bytes | None
    note: str | None = None


def excerpt_file(sweep: Path, fingerprint: str) -> Path:
    """Return where the excerpt of a data is kept.

    Args:
        sweep: the sweep's folder
        fingerprint: of the data
    """
    return sweep / "excerpt" / f"{fingerprint[:16]}.parquet"


def choose_rows(groups: Array, count: int) -> Array:
    """Return rows to show, sorted: as many of each group as there can be, drawn alike for everybody.

    Args:
        groups: (S,) what each sample belongs to, such as its class
        count: rows to choose

    Example:
        >>> choose_rows(np.array([0, 0, 0, 0, 1, 0]), 2).tolist()
        [3, 4]
    """
    drawn = np.random.default_rng(_DRAW).permutation(len(groups))
    turn = np.empty(len(groups), np.int64)  # of each row within its group
    for group in np.unique(groups):
        members = drawn[groups[drawn] == group]
        turn[members] = np.arange(len(members))
    return np.sort(drawn[np.argsort(turn[drawn], kind="stable")][:count])


def write_excerpt(path: Path, shown: Iterable[Shown]) -> None:
    """Write an excerpt.

    Args:
        path: the file
        shown: sample by sample

    Raises:
        RunFolderError: the folder can't be written
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = list(map(astuple, shown))
    kinds = (pa.int64(), pa.string(), pa.string(), pa.binary(), pa.string())
    columns = {
        field.name: pa.array([row[place] for row in rows], kind)
        for place, (field, kind) in enumerate(zip(fields(Shown), kinds, strict=True))
    }
    write_whole(path, lambda temporary: pq.write_table(pa.table(columns), temporary))


def read_excerpt(path: Path) -> list[Shown]:
    """Read an excerpt; nothing where there is none.

    Args:
        path: the file

    Raises:
        RunFolderError: the file is no excerpt
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.exists():
        return []
    try:
        table = pq.read_table(path)
        # An older file has no notes.
        names = [field.name for field in fields(Shown) if field.name != "note" or "note" in table.column_names]
        return [Shown(*row) for row in zip(*(table[name].to_pylist() for name in names), strict=True)]
    except (OSError, KeyError, pa.ArrowException, TypeError) as error:
        raise RunFolderError(
            f"the excerpt ({path}) must hold test samples; delete it, and the next run of the sweep writes it ({error})"
        ) from error
