from __future__ import annotations

import pytest
import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import rotate

from fuselab.data.transforms.image.rotate import Rotate
from fuselab.errors import ConfigError


@pytest.mark.parametrize("shape", [(2, 8, 8), (1, 9, 5), (3, 6, 11)])
def test_an_image_is_turned_as_torchvision_turns_it(shape, given, draws_of):
    values = torch.rand(6, *shape)
    found = Rotate(degrees=40).apply(given(values), draws_of(6)).values
    angles = draws_of(6).between(-40.0, 40.0)
    assert angles.std() > 5
    for image, turned, angle in zip(values, found, angles, strict=True):
        expected = rotate(image, float(angle), interpolation=InterpolationMode.BILINEAR)
        torch.testing.assert_close(turned, expected, atol=2e-5, rtol=0)


def test_no_turn_is_none(given, draws_of):
    values = torch.rand(3, 1, 7, 7)
    torch.testing.assert_close(Rotate(degrees=0).apply(given(values), draws_of(3)).values, values)


def test_a_negative_angle_is_refused():
    with pytest.raises(ConfigError, match=r"transform\.\*\.degrees \(-1\) must be at least 0"):
        Rotate(degrees=-1)
