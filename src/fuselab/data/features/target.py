"""What a model learns to say of each sample: classes or values.

Shapes: S samples, C values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fuselab.data.paired import Array
from fuselab.errors import DataError


def target_of(values: Array, *, classes: int | Sequence[str] | None) -> tuple[Array, Array]:
    """Return targets as training wants them, and which rows have none that can be used.

    Args:
        values: (S,) whole numbers or names of classes, or (S,) or (S, C) values
        classes: their number, their names in order, or None where values are learned

    Returns:
        (S,) int64 or (S, C) float32, and (S,) True where a class is unknown or a value not finite

    Raises:
        DataError: an array that holds neither

    Example:
        >>> target_of(np.array(["no", "yes", "maybe"]), classes=["no", "yes"])
        (array([0, 1, 0]), array([False, False,  True]))
    """
    if classes is None:
        if values.dtype.kind not in "fiub" or values.ndim not in (1, 2):
            raise DataError(
                f"the target ({values.dtype} {values.shape}) must hold numbers (samples, outputs); store it so"
            )
        numbers = values.reshape(len(values), -1).astype(np.float32)
        broken = np.asarray(~np.isfinite(numbers).all(axis=1))
        return np.where(broken[:, None], np.float32(0), numbers), broken
    if values.ndim != 1:
        raise DataError(
            f"the target {values.shape} must be one class a sample; store whole numbers or names in one row"
        )
    if not isinstance(classes, int):
        number = {str(name): place for place, name in enumerate(classes)}
        found = np.array([number.get(str(value), -1) for value in values], dtype=np.int64)
    elif values.dtype.kind == "U":
        raise DataError(
            f"the target (text, such as {values[0]!s}) must be whole numbers where data.source.classes is a number; "
            "list the names of the classes there"
        )
    else:
        whole = np.isfinite(values) & (values == np.floor(values)) & (values >= 0) & (values < classes)
        found = np.where(whole, values, -1).astype(np.int64)
    return np.where(found < 0, 0, found), found < 0
