from __future__ import annotations

import math

import pytest
import torch

from fuselab.data.transforms.audio.resample import Resample
from fuselab.errors import ConfigError


@pytest.mark.parametrize(("before", "after"), [(8000, 16000), (16000, 8000), (8000, 11025)])
def test_a_tone_is_the_same_tone(before, after, given):
    def tone(rate: int) -> torch.Tensor:
        return torch.sin(2 * math.pi * 440 * torch.arange(rate // 4) / rate)[None]

    found = Resample(before=before, after=after).apply(given(tone(before))).values
    expected = tone(after)
    steps = min(found.shape[1], expected.shape[1])
    assert abs(found.shape[1] - expected.shape[1]) <= 1
    torch.testing.assert_close(found[:, 100 : steps - 100], expected[:, 100 : steps - 100], atol=1e-2, rtol=0)


def test_a_clip_ends_where_it_ended(given):
    found = Resample(before=4, after=6).apply(given(torch.ones(3, 10), [10, 5, 0]))
    assert found.mask.sum(1).tolist() == [15, 8, 0]
    assert found.values.shape == found.mask.shape == (3, 15)


def test_no_rate_is_refused():
    with pytest.raises(ConfigError, match=r"transform\.\*\.after \(0\) must be above 0"):
        Resample(before=8000, after=0)
