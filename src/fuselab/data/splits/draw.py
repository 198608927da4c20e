"""Draw a share of some rows: row by row, class by class, or group by group.

Shapes: S rows, G groups.
"""

from __future__ import annotations

import numpy as np

from fuselab.data.paired import Array

EXACT = 8  # largest groups' worth of rows for which the nearest sum is searched


def draw_rows(classes: Array, share: float, stream: np.random.Generator) -> Array:
    """Draw a share of the rows, of each class to within one row and of all exactly.

    Args:
        classes: (S,) numbers; all equal where classes don't count
        share: to draw
        stream: of random numbers

    Returns:
        (S,) bool, True where drawn

    Example:
        >>> drawn = draw_rows(np.array([0, 0, 0, 0, 1, 1]), 0.5, np.random.default_rng(0))
        >>> int(drawn[:4].sum()), int(drawn[4:].sum())
        (2, 1)
    """
    order = stream.permutation(len(classes))
    order = order[np.argsort(classes[order], kind="stable")]
    # Class after class, a row is taken wherever the rounded share of what was passed goes up by one.
    drawn = np.zeros(len(classes), dtype=bool)
    drawn[order] = np.diff(np.rint(share * np.arange(len(classes) + 1))) > 0
    return drawn


def draw_groups(group: Array, target: float, stream: np.random.Generator) -> Array:
    """Draw at least one whole group, so that the drawn rows are as near to a number as groups allow.

    The first groups of a drawn order are taken until less than eight largest groups are lacking; which of the others
    come nearest is a subset sum, solved exactly. What is drawn depends on names and sizes of groups, not on the order
    of rows.

    Args:
        group: (S,) names
        target: number of rows to draw
        stream: of random numbers

    Returns:
        (S,) bool, True where drawn

    Example:
        >>> drawn = draw_groups(np.array(["a", "a", "a", "b", "c", "c"]), 4, np.random.default_rng(0))
        >>> int(drawn.sum())
        4
    """
    _, number, sizes = np.unique(group, return_inverse=True, return_counts=True)
    order = stream.permutation(len(sizes))
    before = np.cumsum(sizes[order]) - sizes[order]
    first = int(np.searchsorted(before + sizes[order] > target - EXACT * sizes.max(), True))
    taken = order[:first]
    rest = order[first:]
    chosen = np.zeros(len(sizes), dtype=bool)
    chosen[taken] = True
    chosen[rest[_nearest(sizes[rest], target - sizes[taken].sum(), empty=first > 0)]] = True
    return chosen[number.reshape(-1)]


def _nearest(sizes: Array, target: float, *, empty: bool) -> Array:
    """Return places of sizes whose sum is nearest to a number, the earliest ones; none of them only where allowed."""
    # Above twice the target plus one largest, nothing is nearer than a single group.
    reach = int(max(0, np.ceil(target)) + sizes.max()) + 1
    made_by = np.full(reach, -1)  # the size by which a sum was first reached; all before it stand earlier
    reached = np.zeros(reach, dtype=bool)
    reached[0] = True
    for place, size in enumerate(sizes):
        new = np.flatnonzero(reached[: reach - size]) + size
        new = new[~reached[new]]
        reached[new], made_by[new] = True, place
        if reached[min(max(int(np.rint(target)), 1), reach - 1)]:
            break
    sums = np.flatnonzero(reached)[0 if empty else 1 :]
    left = int(sums[np.argmin(np.abs(sums - target))])
    places = []
    while left:
        places.append(int(made_by[left]))
        left -= int(sizes[places[-1]])
    return np.array(places, dtype=int)
