from __future__ import annotations

import pytest
import torch

from fuselab.data.transforms.image.resize import Resize
from fuselab.errors import ConfigError


def test_half_the_size_is_close_to_the_mean_of_four_pixels_within(given):
    ramp = torch.arange(8.0)[:, None] + torch.arange(8.0)
    small = Resize(size=4).apply(given(ramp[None, None])).values[0, 0]
    expected = ramp.view(4, 2, 4, 2).mean((1, 3))
    torch.testing.assert_close(small[1:-1, 1:-1], expected[1:-1, 1:-1])


def test_any_shape_becomes_square_and_its_own_size_stays(given):
    values = torch.rand(2, 3, 6, 9)
    assert Resize(size=5).apply(given(values)).values.shape == (2, 3, 5, 5)
    square = torch.rand(2, 3, 6, 6)
    torch.testing.assert_close(Resize(size=6).apply(given(square)).values, square)


def test_no_size_is_refused():
    with pytest.raises(ConfigError, match=r"transform\.\*\.size \(0\) must be at least 1"):
        Resize(size=0)
