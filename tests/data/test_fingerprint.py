from __future__ import annotations

from dataclasses import replace

import numpy as np

from fuselab.data.fingerprint import fingerprint
from fuselab.data.paired import Split

THERE = np.ones(2, dtype=bool)
SPLIT = Split(
    values={"a": np.zeros((2, 3, 1))},
    present={"a": THERE},
    target=np.zeros(2),
    slice=np.zeros(2),
    masks={"a": np.ones((2, 3), dtype=bool)},
)


def test_every_array_counts_and_the_split_it_is_in():
    others = [
        {"train": replace(SPLIT, values={"a": np.ones((2, 3, 1))})},
        {"train": replace(SPLIT, values={"b": np.zeros((2, 3, 1))})},
        {"train": replace(SPLIT, present={"a": ~THERE})},
        {"train": replace(SPLIT, target=np.ones(2))},
        {"train": replace(SPLIT, slice=None)},
        {"train": replace(SPLIT, slice=np.ones(2))},
        {"train": replace(SPLIT, masks={})},
        {"val": SPLIT},
    ]
    prints = {fingerprint(splits) for splits in ({"train": SPLIT}, *others)}
    assert len(prints) == len(others) + 1
    assert fingerprint({"train": replace(SPLIT, values={"a": np.zeros((2, 3, 1))})}) in prints
