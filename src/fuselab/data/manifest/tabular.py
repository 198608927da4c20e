"""Tabular columns of a manifest: numbers and categories → one row of numbers.

Shapes: R rows, C columns, F features.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from fuselab.data.manifest.column import Cells, Chunk, Column, Files, is_empty
from fuselab.data.paired import Array
from fuselab.errors import ConfigError, DataError


class TabularColumns(Column):
    """Numbers, imputed and standardised, and categories, one feature for each; all fitted on the train rows.

    A single empty number becomes the train rows' median, an empty or unknown category no category at all; a row of
    which every cell is empty lacks the modality.

    Args:
        numeric: columns of numbers
        categorical: columns of categories
        size: features of a row, F: numbers and all categories of the train rows together

    Shape:
        - values: (F,), float32

    Raises:
        ConfigError: no column
    """

    def __init__(self, *, numeric: Sequence[str], categorical: Sequence[str], size: int) -> None:
        if not numeric and not categorical:
            raise ConfigError(
                "numeric and categorical ([]) must name a column at least; add one, or leave the modality"
            )
        self.numeric = tuple(numeric)
        self.categorical = tuple(categorical)
        self.size = size
        self._codes: dict[str, dict[str, int]] = {name: {} for name in self.categorical}

    @property
    def columns(self) -> tuple[str, ...]:
        """Numbers, then categories."""
        return (*self.numeric, *self.categorical)

    def decode(self, cells: Cells, files: Files) -> Chunk:
        """Read numbers, and number the categories as they come; NaN stands for an empty cell."""
        rows = len(cells[self.columns[0]])
        values = np.full((rows, len(self.columns)), np.nan)
        broken: dict[int, str] = {}
        for place, name in enumerate(self.numeric):
            given = pd.Series(cells[name], dtype=object)
            empty = given.map(is_empty).to_numpy()
            numbers = pd.to_numeric(given.where(~empty), errors="coerce").to_numpy(np.float64)
            for row in np.flatnonzero(~np.isfinite(numbers) & ~empty):
                broken.setdefault(int(row), f"isn't a number in '{name}' ({str(given[row])[:40]!r})")
            values[:, place] = np.where(np.isfinite(numbers), numbers, np.nan)
        for place, name in enumerate(self.categorical, start=len(self.numeric)):
            codes = self._codes[name]
            for number, cell in enumerate(cells[name]):
                if not is_empty(cell):
                    values[number, place] = codes.setdefault(str(cell).strip(), len(codes))
        present = np.isfinite(values).any(1)
        return Chunk(values=values, present=present, broken=broken)

    def settle(self, values: Array, present: npt.NDArray[np.bool_], train: npt.NDArray[np.int64]) -> Array:
        """Impute, standardise and encode, with what the train rows say.

        Raises:
            DataError: another number of features than ``size``, or a column of numbers that the train rows lack
        """
        learned = np.asarray(values[train])[present[train]]
        parts: list[Array] = []
        for place, name in enumerate(self.numeric):
            known = learned[:, place][np.isfinite(learned[:, place])]
            if not len(known):
                raise DataError(f"the column '{name}' must have a number in the train rows; leave it out of `numeric`")
            filled = np.where(np.isfinite(values[:, place]), values[:, place], np.median(known))
            parts.append(((filled - known.mean()) / (known.std() or 1.0))[:, None])
        for place in range(len(self.numeric), len(self.columns)):
            codes = np.unique(learned[:, place][np.isfinite(learned[:, place])])
            parts.append(values[:, place : place + 1] == codes)
        rows = np.concatenate(parts, axis=1, dtype=np.float32, casting="unsafe")
        if rows.shape[1] != self.size:
            raise DataError(
                f"size ({self.size}) of the tabular modality must be {rows.shape[1]}: {len(self.numeric)} numbers and "
                f"{rows.shape[1] - len(self.numeric)} categories of the train rows; set it so"
            )
        return rows
