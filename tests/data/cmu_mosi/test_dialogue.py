from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.cmu_mosi.dialogue import in_context
from fuselab.data.paired import Split
from fuselab.errors import DataError

VIDEO = np.array(["a", "b", "a", "a", "b", "c"])
NUMBER = np.array([10, 1, 2, 1, 7, 4])  # of video a: rows 3, 2, 0; of b: rows 1, 4
TEXT = np.arange(12.0).reshape(6, 2)


def split(target: np.ndarray | None = None) -> Split:
    there = np.ones(6, dtype=bool)
    return Split(values={"text": TEXT}, present={"text": there}, target=there if target is None else target, slice=None)


def steps(found: Split, row: int) -> list[list[float]]:
    return found.values["text"][row][found.masks["text"][row]].tolist()


def test_each_utterance_stands_in_its_video_in_order_with_its_offsets():
    found = in_context(split(), video=VIDEO, number=NUMBER, reach=None)
    assert found.values["text"].shape == (6, 3, 3)
    assert found.values["text"].dtype == np.float32
    assert steps(found, 0) == [[*TEXT[3], -9], [*TEXT[2], -8], [*TEXT[0], 0]]
    assert steps(found, 2) == [[*TEXT[3], -1], [*TEXT[2], 0], [*TEXT[0], 8]]
    assert steps(found, 4) == [[*TEXT[1], -6], [*TEXT[4], 0]]
    assert steps(found, 5) == [[*TEXT[5], 0]]
    assert not found.values["text"][~found.masks["text"]].any()


def test_every_sample_has_its_own_step_once():
    found = in_context(split(), video=VIDEO, number=NUMBER, reach=None)
    own = found.masks["text"] & (found.values["text"][..., -1] == 0)
    assert own.sum(1).tolist() == [1] * 6
    np.testing.assert_array_equal(found.values["text"][own][:, :2], TEXT)


def test_reach_counts_utterances_on_either_side():
    video, number = np.array(["a"] * 6), np.array([0, 10, 20, 30, 40, 50])
    found = in_context(split(), video=video, number=number, reach=1)
    assert [one[-1] for one in steps(found, 0)] == [0, 10]
    assert [one[-1] for one in steps(found, 3)] == [-10, 0, 10]
    assert [one[-1] for one in steps(found, 5)] == [-10, 0]


def test_no_label_is_in_a_sample():
    found = [
        in_context(split(np.full(6, label)), video=VIDEO, number=NUMBER, reach=None).values["text"] for label in (0, 9)
    ]
    np.testing.assert_array_equal(*found)


def test_an_utterance_that_is_there_twice_is_refused():
    with pytest.raises(DataError, match=r"the utterance \(a_2\) must be there once"):
        in_context(split(), video=VIDEO, number=np.array([2, 1, 2, 1, 7, 4]), reach=None)
