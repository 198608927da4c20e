from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from fuselab.encoders.pretrained.pictures import as_tokens, fitted, in_colour
from fuselab.errors import ConfigError

SETTINGS = {"mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4), "name": "small"}


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [16, 48])
def test_pictures_are_resized_as_pillow_does(size, interpolation):
    # Far from black and white, where Pillow cuts off between its two passes.
    pixels = np.random.default_rng(0).integers(90, 160, (32, 32, 3), np.uint8)
    kind = Image.Resampling.BILINEAR if interpolation == "bilinear" else Image.Resampling.BICUBIC
    expected = np.asarray(Image.fromarray(pixels).resize((size, size), kind)) / 255
    expected = (expected - SETTINGS["mean"]) / SETTINGS["std"]
    given = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
    found = fitted(given, size=size, interpolation=interpolation, **SETTINGS)[0].permute(1, 2, 0)
    np.testing.assert_allclose(found.numpy(), expected, atol=0.02)


def test_grey_pictures_get_three_equal_channels():
    grey = torch.rand(2, 1, 4, 4)
    colour = in_colour(grey, name="small")
    assert all(torch.equal(colour[:, [channel]], grey) for channel in range(3))


@pytest.mark.parametrize("shape", [(2, 2, 4, 4), (2, 16), (2, 4, 4, 4)])
def test_what_is_no_picture_is_refused(shape):
    with pytest.raises(ConfigError, match=r"must be pictures \(B, 1 or 3, height, width\) for small"):
        in_colour(torch.zeros(shape), name="small")


def test_cells_of_a_map_are_tokens_row_by_row():
    cells = torch.arange(2 * 3 * 8.0).view(1, 2, 3, 8)
    for one in (cells, cells.permute(0, 3, 1, 2)):
        assert torch.equal(as_tokens(one, width=8), cells.view(1, 6, 8))
