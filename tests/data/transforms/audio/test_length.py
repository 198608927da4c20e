from __future__ import annotations

import pytest
import torch

from fuselab.data.transforms.audio.length import Length
from fuselab.errors import ConfigError


def test_a_longer_clip_loses_its_end(given):
    found = Length(sample_rate=10, seconds=0.4).apply(given(torch.arange(14.0).view(2, 7)))
    assert found.values.tolist() == [[0, 1, 2, 3], [7, 8, 9, 10]]
    assert found.mask is None


def test_a_shorter_clip_is_padded_and_the_mask_knows(given):
    found = Length(sample_rate=10, seconds=0.5).apply(given(torch.ones(2, 3), [3, 1]))
    assert found.values.tolist() == [[1, 1, 1, 0, 0]] * 2
    assert found.mask.tolist() == [[True, True, True, False, False], [True, False, False, False, False]]


@pytest.mark.parametrize(("rate", "seconds"), [(0, 1.0), (8000, 0)])
def test_what_can_not_be_is_refused(rate, seconds):
    with pytest.raises(ConfigError, match=r"must be above 0; raise it"):
        Length(sample_rate=rate, seconds=seconds)
