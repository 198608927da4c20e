"""Arrays of a manifest: vectors and sequences in ``.npy`` files, or in cells that hold lists."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from fuselab.data.manifest.column import CellColumn, CellError, Files, contents, shown
from fuselab.data.paired import Array
from fuselab.errors import ConfigError


class ArrayColumn(CellColumn):
    """Vectors (F,), or sequences (T, F) that are padded and cut to ``steps``.

    Args:
        column: of the manifest: a path to a ``.npy`` file, its bytes, or a list of numbers
        size: numbers of a vector or of a step, F
        steps: longest sequence, T; None for vectors

    Shape:
        - values: (F,), or (T, F) with a mask; float32

    Raises:
        ConfigError: no size or no step
    """

    def __init__(self, *, column: str, size: int, steps: int | None) -> None:
        super().__init__(column=column)
        if size < 1 or (steps is not None and steps < 1):
            raise ConfigError(f"size ({size}) and steps ({steps}) of '{column}' must be at least 1; raise them")
        self.size = size
        self.steps = steps
        self.sequence = steps is not None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a padded sample."""
        return (self.size,) if self.steps is None else (self.steps, self.size)

    @property
    def dtype(self) -> type[np.generic]:
        """Numbers as models take them."""
        return np.float32

    def read(self, cell: Any, files: Files) -> Array:
        """Read an array."""
        try:
            if isinstance(cell, list | np.ndarray):
                found = np.asarray(cell, np.float32)
            else:
                found = np.load(io.BytesIO(contents(cell, files)), allow_pickle=False)
        except (ValueError, EOFError, OSError, TypeError) as error:
            hint = "; save it again with allow_pickle=False" if "pickle" in str(error).lower() else ""
            raise CellError(f"isn't an array of numbers ({shown(cell)}: {error}{hint})") from error
        wanted = 1 if self.steps is None else 2
        if found.ndim != wanted or found.shape[-1] != self.size or found.dtype.kind not in "fiub":
            kind = "(F,)" if self.steps is None else "(T, F)"
            raise CellError(
                f"must be numbers of shape {kind} with F = {self.size}, and has {found.shape} of {found.dtype}"
            )
        if not len(found):
            raise CellError("is a sequence without a step")
        if not np.isfinite(found).all():
            raise CellError("holds numbers that are NaN or infinite")
        return found.astype(np.float32)[: self.steps]
