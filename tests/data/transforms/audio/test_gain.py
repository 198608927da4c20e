from __future__ import annotations

import pytest
import torch

from fuselab.data.transforms.audio.gain import Gain
from fuselab.errors import ConfigError


def test_a_clip_is_louder_by_a_drawn_number_of_decibels(given, draws_of):
    values = torch.randn(500, 30)
    found = Gain(gain_db=[-6, 12]).apply(given(values), draws_of(500)).values
    gained_db = 20 * torch.log10(found.norm(dim=1) / values.norm(dim=1))
    torch.testing.assert_close(found / found.norm(dim=1, keepdim=True), values / values.norm(dim=1, keepdim=True))
    assert gained_db.min() >= -6 - 1e-4
    assert gained_db.max() <= 12 + 1e-4
    # uniform over 18 dB: four standard errors of the mean
    assert abs(gained_db.mean() - 3) < 4 * 18 / 12**0.5 / 500**0.5


def test_no_range_is_refused():
    with pytest.raises(ConfigError, match=r"transform\.\*\.gain_db \(\[6, -6\]\) must be two numbers"):
        Gain(gain_db=[6, -6])
