from __future__ import annotations

import pytest
import torch

from fuselab.data.transforms.image.flip import Flip
from fuselab.errors import ConfigError


@pytest.mark.parametrize(("direction", "side"), [("horizontal", 3), ("vertical", 2)])
def test_an_image_is_mirrored_or_left(direction, side, given, draws_of):
    values = torch.rand(400, 2, 3, 4)
    found = Flip(probability=0.3, direction=direction).apply(given(values), draws_of(400)).values
    mirrored = (found == values.flip(side)).flatten(1).all(1)
    assert torch.equal(mirrored, (found != values).flatten(1).any(1))
    # 400 draws: four standard errors
    assert abs(mirrored.float().mean() - 0.3) < 4 * (0.3 * 0.7 / 400) ** 0.5


def test_never_and_always(given, draws_of):
    values = torch.rand(50, 1, 3, 4)
    for probability, expected in ((0.0, values), (1.0, values.flip(3))):
        found = Flip(probability=probability, direction="horizontal").apply(given(values), draws_of(50)).values
        assert torch.equal(found, expected)


@pytest.mark.parametrize(
    ("probability", "direction", "message"),
    [
        (1.5, "horizontal", r"probability \(1\.5\) must be between 0 and 1"),
        (0.5, "diagonal", r"transform\.\*\.direction \(diagonal\) must be horizontal or vertical; choose one"),
    ],
)
def test_what_can_not_be_is_refused(probability, direction, message):
    with pytest.raises(ConfigError, match=message):
        Flip(probability=probability, direction=direction)
