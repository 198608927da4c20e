"""Files of the same samples in different orders: aligned by their ids."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuselab.data.join import join
from fuselab.data.paired import Array
from fuselab.errors import DataError

SHOWN = 5  # ids named in an error


def order_of(
    name: str, ids: Array, wanted: Array, *, may_differ: bool
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Return for each wanted id its row among others, -1 where there is none, and what did not match.

    Args:
        name: whose ids they are, for errors
        ids: of its rows
        wanted: the target's ids, in the target's order
        may_differ: whether ids that one side lacks are no error

    Raises:
        DataError: an id twice, or one that the other side lacks

    Example:
        >>> order_of("text", np.array(["b", "a"]), np.array(["a", "b"]), may_differ=False)[0].tolist()
        [1, 0]
    """
    for whose, given in ((name, ids), ("target", wanted)):
        values, counts = np.unique(given.astype(str), return_counts=True)
        if (counts > 1).any():
            raise DataError(f"ids of {whose} ({_shown(values[counts > 1])}) must be there once; remove duplicates")
    joined = join({"target": wanted, name: ids}, how="left", left="target", duplicates="raise", key="data.source")
    rows = joined.rows[name]
    lacking, more = wanted[rows < 0], np.delete(ids, rows[rows >= 0])
    if not may_differ and (len(lacking) or len(more)):
        lists = [f"only in {who}: {_shown(few)}" for who, few in (("target", lacking), (name, more)) if len(few)]
        raise DataError(
            f"ids of {name} ({'; '.join(lists)}) must be those of the target; store the same samples in both, or "
            "choose +data.source.how=left or inner"
        )
    return rows, joined.notes


def _shown(ids: list[str] | Array) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return ", ".join(str(one) for one in ids[:SHOWN]) + more
