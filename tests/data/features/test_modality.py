from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.features.modality import Modality, modality
from fuselab.errors import DataError

DRAW = np.random.default_rng(0)
PADDED = DRAW.normal(size=(3, 4, 2))


def read(values: np.ndarray, *, size: int = 2, **layout) -> Modality:
    roles = {"lengths": None, "offsets": None, "mask": None} | layout
    return modality("text", values, size=size, **roles)


def test_vectors_have_no_mask():
    values = DRAW.normal(size=(3, 2))
    found = read(values)
    np.testing.assert_array_equal(found.values, values.astype(np.float32))
    assert found.mask is None
    assert not found.empty.any()
    assert found.broken == {}


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int32, np.uint8, bool])
def test_numbers_of_any_kind_become_float32(dtype):
    assert read(np.ones((3, 2), dtype=dtype)).values.dtype == np.float32


def test_padded_sequences_by_lengths_or_by_mask_are_the_same_and_padding_is_zero():
    lengths, mask = np.array([4, 0, 2]), np.array([[1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0]])
    one, other = read(PADDED, lengths=lengths), read(PADDED, mask=mask)
    for found in (one, other):
        np.testing.assert_array_equal(found.mask, mask.astype(bool))
        np.testing.assert_array_equal(found.values, np.where(mask[..., None], PADDED, 0).astype(np.float32))
        assert found.empty.tolist() == [False, True, False]
    assert read(PADDED).mask.all()


def test_ragged_sequences_by_lengths_or_by_offsets_are_the_padded_ones():
    flat = DRAW.normal(size=(6, 2))
    one, other = read(flat, lengths=np.array([4, 0, 2])), read(flat, offsets=np.array([0, 4, 4, 6]))
    for found in (one, other):
        assert found.values.shape == (3, 4, 2)
        assert found.mask.sum(1).tolist() == [4, 0, 2]
        np.testing.assert_array_equal(found.values[0], flat[:4].astype(np.float32))
        np.testing.assert_array_equal(found.values[2, :2], flat[4:].astype(np.float32))
        assert not found.values[~found.mask].any()
        assert found.empty.tolist() == [False, True, False]


def test_offsets_need_not_begin_at_the_first_step():
    flat = DRAW.normal(size=(6, 2))
    np.testing.assert_array_equal(read(flat, offsets=np.array([2, 3, 6])).values[0, 0], flat[2].astype(np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_broken_and_zero(bad):
    values = DRAW.normal(size=(4, 2))
    values[[1, 3], [0, 1]] = bad
    found = read(values)
    assert {why: rows.tolist() for why, rows in found.broken.items()} == {"NaN or infinity": [False, True, False, True]}
    assert not found.values[[1, 3]].any()
    assert np.isfinite(found.values).all()


def test_padding_may_be_nan_and_a_real_step_may_not():
    values, lengths = PADDED.copy(), np.array([2, 2, 2])
    values[:, 2:] = np.nan
    assert read(values, lengths=lengths).broken == {}
    values[1, 1, 0] = np.nan
    found = read(values, lengths=lengths)
    assert found.broken["NaN or infinity"].tolist() == [False, True, False]
    assert not found.mask[1].any()
    assert not found.empty.any()
    assert np.isfinite(found.values).all()


def test_a_length_that_cannot_be_breaks_its_row_only():
    found = read(PADDED, lengths=np.array([5, 2, -1]))
    assert {why: rows.tolist() for why, rows in found.broken.items()} == {
        "a length outside 0 to 4": [True, False, True]
    }
    assert found.mask.sum(1).tolist() == [0, 2, 0]


def test_offsets_that_cannot_be_break_their_rows_only():
    found = read(DRAW.normal(size=(6, 2)), offsets=np.array([0, 2, 9, 4, 6]))
    assert {why: rows.tolist() for why, rows in found.broken.items()} == {
        "offsets that can't be": [False, True, True, False]
    }
    assert found.mask.sum(1).tolist() == [2, 0, 0, 2]


@pytest.mark.parametrize(
    ("values", "layout", "message"),
    [
        (PADDED, {"lengths": np.ones(3), "mask": np.ones((3, 4))}, "must have one of lengths, offsets and mask; leave"),
        (np.array(["a", "b"]), {}, r"\(<U1 \(2,\)\) must hold numbers of shape \(samples, features\)"),
        (np.zeros(3), {}, r"\(float64 \(3,\)\) must hold numbers of shape"),
        (np.zeros((3, 5)), {}, r"\(5 features\) must be as wide as its config says \(2\); set its size to 5"),
        (np.zeros((3, 2)), {"mask": np.ones((3, 2))}, r"\(3, 2\) must be \(samples, steps, features\) to have a mask"),
        (PADDED, {"offsets": np.arange(4)}, r"\(3, 4, 2\) must be flat \(steps, features\) to have offsets"),
        (PADDED, {"lengths": np.array([1, 2])}, r"lengths of .* \(int64 \(2,\)\) must be 3 whole numbers; store"),
        (PADDED, {"lengths": np.ones(3)}, r"lengths of modality 'text' \(float64 \(3,\)\) must be 3 whole numbers"),
        (PADDED, {"mask": np.ones((3, 3))}, r"the mask of .* \(float64 \(3, 3\)\) must hold True or False for each of"),
        (
            PADDED,
            {"mask": np.full((3, 4), 2)},
            r"the mask of modality 'text' \(int64 \(3, 4\)\) must hold True or False",
        ),
        (np.zeros((6, 2)), {"lengths": np.array([4, 3])}, r"\(sum 7, least 0\) must be .* sum to its 6 steps"),
        (np.zeros((6, 2)), {"lengths": np.array([7, -1])}, r"\(sum 6, least -1\) must be at least 0 and sum to its 6"),
        (np.zeros((6, 2)), {"offsets": np.array([0])}, r"offsets of modality 'text' \(1\) must be one more than its"),
        (np.zeros((6, 2)), {"offsets": np.array([0.0, 6.0])}, r"offsets of .* must be whole numbers in one row"),
    ],
)
def test_arrays_that_make_no_layout_are_refused(values, layout, message):
    with pytest.raises(DataError, match=message):
        read(values, **layout)
