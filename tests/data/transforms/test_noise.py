from __future__ import annotations

import pytest
import torch

from fuselab.data.transforms.noise import GaussianNoise
from fuselab.errors import ConfigError


def test_noise_has_the_deviation_asked_for(given, draws_of):
    values = torch.full((50, 1, 20, 20), 0.5)
    added = GaussianNoise(deviation=0.3, limits=None).apply(given(values), draws_of(50)).values - values
    # 20,000 numbers: four standard errors
    assert abs(added.mean()) < 4 * 0.3 / 20_000**0.5
    assert abs(added.std() - 0.3) < 4 * 0.3 / 40_000**0.5
    assert added.min() < -0.5


def test_values_stay_within_their_limits(given, draws_of):
    values = torch.full((9, 30), 0.5)
    free, kept = (
        GaussianNoise(deviation=1.0, limits=one).apply(given(values), draws_of(9)).values for one in (None, [0, 1])
    )
    assert torch.equal(kept, free.clamp(0, 1))
    assert not torch.equal(kept, free)


@pytest.mark.parametrize(
    ("deviation", "limits", "message"),
    [(-1, None, r"deviation \(-1\) must be at least 0"), (1, [1, 0], r"limits \(\[1, 0\]\) must be two numbers")],
)
def test_what_can_not_be_is_refused(deviation, limits, message):
    with pytest.raises(ConfigError, match=message):
        GaussianNoise(deviation=deviation, limits=limits)
