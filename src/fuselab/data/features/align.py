"""Files of the same samples in different orders: aligned by their ids."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuselab.data.paired import Array
from fuselab.errors import DataError

SHOWN = 5  # ids named in an error


def order_of(name: str, ids: Array, wanted: Array) -> npt.NDArray[np.int64]:
    """Return for each wanted id its row among others.

    Args:
        name: whose ids they are, for errors
        ids: of its rows
        wanted: the target's ids, in the target's order

    Raises:
        DataError: an id twice, or one that the other side lacks

    Example:
        >>> order_of("text", np.array(["b", "a"]), np.array(["a", "b"])).tolist()
        [1, 0]
    """
    for whose, given in ((name, ids), ("target", wanted)):
        values, counts = np.unique(given.astype(str), return_counts=True)
        if (counts > 1).any():
            raise DataError(f"ids of {whose} ({_shown(values[counts > 1])}) must be there once; remove duplicates")
    known = {one: row for row, one in enumerate(ids.astype(str).tolist())}
    asked = wanted.astype(str).tolist()
    lacking = [one for one in asked if one not in known]
    more = sorted(known.keys() - set(asked))
    if lacking or more:
        lists = [f"only in {who}: {_shown(rows)}" for who, rows in (("target", lacking), (name, more)) if rows]
        raise DataError(
            f"ids of {name} ({'; '.join(lists)}) must be those of the target; store the same samples in both"
        )
    return np.array([known[one] for one in asked], dtype=np.int64)


def _shown(ids: list[str] | Array) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return ", ".join(str(one) for one in ids[:SHOWN]) + more
