"""Arrays and texts that stay on disk until somebody reads them.

Shapes: R rows that there are, S of them that are picked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fuselab.data.paired import Array


class Picked:
    """Rows of an array that stays where it is, such as on disk: a split of a big file costs its row numbers.

    Args:
        array: (R, …)
        rows: (S,), which of them, in order

    Example:
        >>> import numpy as np
        >>> picked = Picked(np.array([10, 11, 12, 13]), np.array([3, 1]))
        >>> picked[:1].tolist(), np.asarray(picked).tolist(), picked.shape
        ([13], [13, 11], (2,))
    """

    def __init__(self, array: Array, rows: Array) -> None:
        self.array = array
        self.rows = rows
        self.dtype = array.dtype
        self.shape = (len(rows), *array.shape[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: Any) -> Any:
        return self.array[self.rows[chosen]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.array[self.rows], dtype)


class Texts:
    """Texts as UTF-8 in one array of bytes, of which only what is read is in memory.

    Args:
        data: (bytes of all texts,), uint8
        ends: (R,), where each text ends
        rows: (S,), which of them, in order

    Example:
        >>> import numpy as np
        >>> texts = Texts(np.frombuffer("aé".encode(), np.uint8), np.array([1, 3]), np.array([1, 0]))
        >>> list(texts), texts[0], list(texts[np.array([1])])
        (['é', 'a'], 'é', ['a'])
    """

    dtype = np.dtype(str)

    def __init__(self, data: Array, ends: Array, rows: Array) -> None:
        self.data = data
        self.ends = ends
        self.rows = rows
        self.shape = (len(rows),)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: Any) -> Any:
        rows = self.rows[chosen]
        return Texts(self.data, self.ends, rows) if isinstance(rows, np.ndarray) else self._text(int(rows))

    def __iter__(self) -> Iterator[str]:
        return (self._text(int(row)) for row in self.rows)

    def _text(self, row: int) -> str:
        begin = int(self.ends[row - 1]) if row else 0
        return bytes(self.data[begin : int(self.ends[row])]).decode()


class Changed:
    """Texts that are changed when somebody reads them.

    Args:
        texts: (S,), strings or :class:`Texts`
        change: of one text

    Example:
        >>> import numpy as np
        >>> changed = Changed(np.array(["A", "B"]), str.lower)
        >>> list(changed), list(changed[1:]), len(changed)
        (['a', 'b'], ['b'], 2)
    """

    def __init__(self, texts: Any, change: Callable[[str], str]) -> None:
        self.texts = texts
        self.change = change

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, chosen: slice) -> Changed:
        return Changed(self.texts[chosen], self.change)

    def __iter__(self) -> Iterator[str]:
        return (self.change(str(text)) for text in self.texts)
