from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fuselab.data.splits.base import Rows


@pytest.fixture
def rows() -> Callable[..., Rows]:
    """Make rows that know only what is given."""

    def make(samples: int, **known: Any) -> Rows:
        fields = {name: np.array(known[name]) if name in known else None for name in ("target", "group", "time")}
        column = np.array(known["column"]) if "column" in known else None
        return Rows(samples=samples, column=column, **fields)

    return make


@pytest.fixture
def covers() -> Callable[..., None]:
    """Check that every row stands in one split, in order."""

    def check(split: dict[str, np.ndarray], samples: int) -> None:
        assert list(split) == ["train", "val", "test"]
        for numbers in split.values():
            assert numbers.dtype == np.int64
            assert numbers.tolist() == sorted(numbers.tolist())
        assert sorted(np.concatenate(list(split.values())).tolist()) == list(range(samples))

    return check
