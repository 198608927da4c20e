"""Texts of a manifest."""

from __future__ import annotations

import numpy as np

from fuselab.data.manifest.column import Cells, Chunk, Column, Files, is_empty

REPLACED = "\N{REPLACEMENT CHARACTER}"  # what stands where a file isn't UTF-8


class TextColumn(Column):
    """Texts as they are; only white space at both ends is taken away.

    Args:
        column: of the manifest
    """

    def __init__(self, *, column: str) -> None:
        self.column = column

    @property
    def columns(self) -> tuple[str, ...]:
        """The one column."""
        return (self.column,)

    def decode(self, cells: Cells, files: Files) -> Chunk:
        """Take the texts."""
        rows = cells[self.column]
        texts, present, broken = [""] * len(rows), np.zeros(len(rows), np.bool_), {}
        for row, cell in enumerate(rows):
            if is_empty(cell):
                continue
            text = cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)
            if REPLACED in text:
                broken[row] = f"isn't UTF-8 ({text.strip()[:40]!r})"
                continue
            texts[row], present[row] = text.strip(), True
        return Chunk(values=texts, present=present, broken=broken)
