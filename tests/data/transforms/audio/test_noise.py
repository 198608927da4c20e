from __future__ import annotations

import pytest
import torch

from fuselab.data.transforms.audio.noise import NoiseAtSnr
from fuselab.errors import ConfigError


@pytest.mark.parametrize("lengths", [None, [300, 800, 40, 1] * 50])
def test_a_clip_stands_above_its_noise_by_what_was_drawn(lengths, given, draws_of):
    one = given(torch.randn(200, 800) * torch.logspace(-3, 1, 200)[:, None], lengths).cleaned()
    found = NoiseAtSnr(snr_db=[-5, 20]).apply(one, draws_of(200))
    noise = (found.values - one.values) if one.mask is None else (found.values - one.values) * one.mask
    ratio_db = 10 * torch.log10(one.values.square().sum(1) / noise.square().sum(1))
    torch.testing.assert_close(ratio_db, draws_of(200).between(-5, 20), atol=0.02, rtol=0)
    assert ratio_db.std() > 5
    if lengths is not None:
        assert not noise[0, 300:].any()


def test_noise_is_white(given, draws_of):
    values = torch.ones(100, 1024)
    noise = NoiseAtSnr(snr_db=[0, 0]).apply(given(values), draws_of(100)).values - values
    power = torch.fft.rfft(noise).abs().square().mean(0)[1:-1] / 1024
    # 100 clips: the mean of 100 exponential powers has a deviation of a tenth
    assert power.min() > 0.55
    assert power.max() < 1.6


def test_a_silent_clip_stays_silent(given, draws_of):
    assert not NoiseAtSnr(snr_db=[0, 0]).apply(given(torch.zeros(2, 50)), draws_of(2)).values.any()


def test_no_range_is_refused():
    with pytest.raises(ConfigError, match=r"transform\.\*\.snr_db \(\[20, 5\]\) must be two numbers"):
        NoiseAtSnr(snr_db=[20, 5])
