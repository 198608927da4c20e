from __future__ import annotations

import numpy as np
import pytest
import torch

from fuselab.data.transforms.image.crop import MODES, Crop
from fuselab.errors import ConfigError


@pytest.mark.parametrize("mode", MODES)
def test_each_image_is_cut_out_of_what_is_padded_at_a_place_of_its_own(mode, given, draws_of):
    values = torch.rand(300, 2, 5, 6)
    found = Crop(padding=2, mode=mode).apply(given(values), draws_of(300)).values
    places = []
    for image, cut in zip(values.numpy(), found.numpy(), strict=True):
        padded = np.pad(image, ((0, 0), (2, 2), (2, 2)), mode=mode)
        fits = [(y, x) for y in range(5) for x in range(5) if (padded[:, y : y + 5, x : x + 6] == cut).all()]
        assert fits
        places.append(fits[0])
    assert set(places) == {(y, x) for y in range(5) for x in range(5)}


@pytest.mark.parametrize(
    ("padding", "mode", "message"),
    [
        (0, "edge", r"padding \(0\) must be at least 1"),
        (2, "mirror", r"transform\.\*\.mode \(mirror\) must be one of constant, edge, reflect, symmetric; choose one"),
    ],
)
def test_what_can_not_be_is_refused(padding, mode, message):
    with pytest.raises(ConfigError, match=message):
        Crop(padding=padding, mode=mode)
