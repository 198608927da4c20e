from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.features.target import target_of
from fuselab.errors import DataError


def test_numbers_of_classes_are_kept_and_others_are_unusable():
    found, broken = target_of(np.array([0, 2, 3, -1, 1]), classes=3)
    assert found.dtype == np.int64
    assert found.tolist() == [0, 2, 0, 0, 1]
    assert broken.tolist() == [False, False, True, True, False]


def test_whole_numbers_may_be_stored_as_floats():
    found, broken = target_of(np.array([0.0, 1.0, 0.5, np.nan, np.inf]), classes=2)
    assert found.tolist() == [0, 1, 0, 0, 0]
    assert broken.tolist() == [False, False, True, True, True]


def test_names_become_their_place_in_the_list():
    found, broken = target_of(np.array(["cat", "dog", "cow"]), classes=["dog", "cat"])
    assert found.tolist() == [1, 0, 0]
    assert broken.tolist() == [False, False, True]


def test_values_stay_values():
    found, broken = target_of(np.array([0.5, np.nan]), classes=None)
    assert (found.dtype, found.tolist(), broken.tolist()) == (np.float32, [[0.5], [0.0]], [False, True])
    assert target_of(np.zeros((4, 3)), classes=None)[0].shape == (4, 3)


@pytest.mark.parametrize(
    ("values", "classes", "message"),
    [
        (np.array(["a"]), 2, r"the target \(text, such as a\) must be whole numbers where .* list the names"),
        (np.zeros((3, 2)), 2, r"the target \(3, 2\) must be one class a sample"),
        (np.array(["a"]), None, r"the target \(<U1 \(1,\)\) must hold numbers \(samples, outputs\)"),
    ],
)
def test_an_array_that_holds_no_target_is_refused(values, classes, message):
    with pytest.raises(DataError, match=message):
        target_of(values, classes=classes)
