from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.features.stored import as_column
from fuselab.errors import DataError


def test_row_numbers_become_words():
    column = as_column({"train": np.array([4, 0]), "val": np.array([2]), "test": np.array([1, 3])}, 5)
    assert column.tolist() == ["train", "test", "val", "test", "train"]


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ([0, 1], [2, 4], r"the stored split test \(rows 4\) must hold rows 0 to 3; count from 0"),
        ([0, -1], [2, 3], r"the stored split train \(rows -1\) must hold rows 0 to 3"),
        ([0, 1, 2], [2, 3], r"the stored split test \(rows 2\) must hold rows that stand in no other place"),
        ([0, 1, 1], [2, 3], r"the stored split train \(rows 1\) must hold rows that stand in no other place"),
        ([0, 1], [3], r"the stored split \(lacks rows 2\) must hold every row; add them"),
        ([0.5], [1], r"the stored split train \(float64 \(1,\)\) must be whole numbers"),
    ],
)
def test_numbers_that_are_no_split_are_refused(train, test, message):
    with pytest.raises(DataError, match=message):
        as_column({"train": np.array(train), "test": np.array(test)}, 4)
