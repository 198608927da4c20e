from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from fuselab.data.series import LINES, NUMBERS, ROWS, STEPS, tell_sequence, tell_vector


def told(pair):
    return json.loads(pair[0]), pair[1]


def test_a_vector_keeps_its_numbers_and_says_which_are_none():
    assert told(tell_vector(np.array([1.23456, np.nan, -np.inf, 3], np.float32))) == (
        {"kind": "vector", "values": [1.235, None, None, 3]},
        None,
    )
    assert told(tell_vector(np.array([True, False])))[0]["values"] == [1, 0]


def test_a_long_vector_is_cut_and_says_so():
    found, note = told(tell_vector(np.arange(NUMBERS + 1)))
    assert len(found["values"]) == NUMBERS
    assert note == f"the first {NUMBERS} of {NUMBERS + 1} numbers"


def test_few_features_over_time_are_a_line_each():
    found, note = told(tell_sequence(np.array([[1.0, 10.0], [2.0, np.nan], [3.0, 30.0]])))
    assert found == {"kind": "lines", "values": [[1, 2, 3], [10, None, 30]]}
    assert note is None


def test_many_steps_become_means_that_leave_out_what_is_none():
    values = np.repeat(np.arange(float(STEPS)), 3)[:, None]
    values[0] = np.nan
    values[3:6] = np.nan
    found, note = told(tell_sequence(values))
    assert found["values"] == [[0, None, *range(2, STEPS)]]
    assert note == "a point is the mean of about 3.0 steps"


def test_many_features_over_time_are_a_picture_with_a_row_each():
    values = np.tile(np.array([0.0, 5.0, 10.0])[:, None], LINES + 1)
    values[:, 1] *= 1000  # features have units of their own
    values[:, 2] = 7
    values[1, 3] = np.nan
    values[:, 4] = np.nan
    found, note = told(tell_sequence(values))
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(found["png"]))))
    assert pixels.tolist() == [[0, 128, 255], [0, 128, 255], [0, 0, 0], [0, 0, 255], [0, 0, 0]]
    assert note == "3 steps; a row a feature, each from its least (dark) to its most (light)"


def test_a_strip_has_room_for_so_many_features():
    found, note = told(tell_sequence(np.zeros((2, ROWS + 1))))
    assert Image.open(io.BytesIO(base64.b64decode(found["png"]))).size == (2, ROWS)
    assert f"the first {ROWS} of {ROWS + 1} features" in note


@pytest.mark.parametrize("shape", [(0, 1), (0, 40), (3, 0)])
def test_what_has_no_step_says_so(shape):
    assert told(tell_sequence(np.zeros(shape))) == ({"kind": "vector", "values": []}, "no step of it is real")
