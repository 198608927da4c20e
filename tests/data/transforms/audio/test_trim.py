from __future__ import annotations

import numpy as np
import pytest
import torch

from fuselab.data.transforms.audio.trim import Trim
from fuselab.errors import ConfigError


def by_hand(wave: np.ndarray, frame: int, below_db: float) -> np.ndarray:
    """Return what is left of one clip, frame by frame."""
    frames = [np.pad(wave[begin : begin + frame], (0, frame))[:frame] for begin in range(0, len(wave), frame)]
    power = np.array([(one**2).sum() / frame for one in frames])
    if not power.max():
        return wave
    loud = [number for number, one in enumerate(power) if 10 * np.log10(max(one, 1e-300) / power.max()) >= -below_db]
    return wave[frame * loud[0] : frame * (loud[-1] + 1)]


@pytest.mark.parametrize("frame", [1, 7, 20])
def test_what_is_left_is_what_a_loop_leaves(frame, given):
    draw = np.random.default_rng(0)
    lengths = [100, 83, 60, 41, 7, 1, 0, 100]
    values = np.zeros((8, 100), np.float32)
    for row, length in enumerate(lengths):
        wave = draw.standard_normal(length) * (draw.random(length // 10 + 1).repeat(10)[:length] > 0.5)
        values[row, :length] = wave + 1e-4 * draw.standard_normal(length)
    values[7] = 0
    found = Trim(frame=frame, below_db=40).apply(given(torch.from_numpy(values), lengths))
    for row, length in enumerate(lengths):
        left = by_hand(values[row, :length], frame, 40) if length else np.zeros(0)
        assert found.mask[row].sum() == len(left), row
        np.testing.assert_array_equal(found.values[row, : len(left)].numpy(), left)
        assert not found.values[row, len(left) :].any()


def test_silence_alone_stays_as_it_is(given):
    found = Trim(frame=4, below_db=40).apply(given(torch.zeros(1, 10)))
    assert found.mask.all()


@pytest.mark.parametrize(("frame", "below_db"), [(0, 40), (4, 0)])
def test_what_can_not_be_is_refused(frame, below_db):
    with pytest.raises(ConfigError, match=r"transform\.\*\.(frame|below_db) \(0\) must be"):
        Trim(frame=frame, below_db=below_db)
