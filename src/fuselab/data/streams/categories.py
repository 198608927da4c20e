"""Categories over time: a phoneme, an activity, who speaks.

Shapes: N samples, C categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fuselab.data.paired import Array
from fuselab.data.streams.numbers import NumberStream
from fuselab.data.streams.signal import StreamError
from fuselab.errors import ConfigError


class CategoryStream(NumberStream):
    """One of some categories at each time, as one number for each of them; nothing lies between two categories.

    Resampling takes the nearest sample; the mean of an interval is the share of each category.

    Args:
        categories: their names, in the order of the numbers
        settings: see :class:`NumberStream`; a table's ``columns`` name one

    Shape:
        - values: (C,); or (P, C) or (T, C) with a mask; float32

    Raises:
        ConfigError: fewer than two categories, or one twice
    """

    scaled = False

    def __init__(self, *, categories: Sequence[Any], **settings: Any) -> None:
        self.categories = tuple(_name(one) for one in categories)
        if len(set(self.categories)) < max(2, len(self.categories)):
            raise ConfigError(
                f"categories ({', '.join(self.categories) or 'none'}) of the stream {settings.get('file')} must be two "
                "at least, each named once; list them"
            )
        super().__init__(size=len(self.categories), interpolate="nearest", **settings)

    def numbers(self, values: Array) -> Array:
        """Mark the category of each sample; an empty one marks nothing known."""
        numbers = {name: number for number, name in enumerate(self.categories)}
        marked = np.zeros((len(values), len(numbers)))
        for row, value in enumerate(values.reshape(len(values), -1)[:, 0].tolist()):
            name = _name(value)
            if name in ("", "nan", "None"):
                marked[row] = np.nan
            elif name in numbers:
                marked[row, numbers[name]] = 1
            else:
                raise StreamError(f"has a category outside the list ({name[:40]!r} in row {row}); add it, or mend it")
        return marked

    def cells(self, table: Any) -> Array:
        """Return cells of a table as they are."""
        found: Array = table.to_numpy(object)
        return found


def _name(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
