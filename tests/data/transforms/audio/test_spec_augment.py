from __future__ import annotations

from typing import Any

import pytest
import torch

from fuselab.data.transforms.audio.spec_augment import SpecAugment
from fuselab.errors import ConfigError


def step(**changes: Any) -> SpecAugment:
    parts = {"time_masks": 0, "time_width": 5, "time_share": 1.0, "frequency_masks": 0, "frequency_width": 4}
    return SpecAugment(**(parts | changes))


def stretches(masked: torch.Tensor) -> list[tuple[int, int]]:
    """Return where each row's one stretch begins and how long it is."""
    found = []
    for row in masked:
        places = row.nonzero().flatten().tolist()
        assert places == list(range(places[0], places[0] + len(places))) if places else True
        found.append((places[0] if places else -1, len(places)))
    return found


def test_a_stretch_of_time_goes_through_all_bands_and_no_frame_is_favoured(given, draws_of):
    found = step(time_masks=1).apply(given(torch.ones(2000, 20, 6)), draws_of(2000)).values
    masked = found == 0
    assert torch.equal(masked.any(2), masked.all(2))
    lengths = [length for _, length in stretches(masked.any(2))]
    counts = torch.bincount(torch.tensor(lengths), minlength=6)
    assert len(counts) == 6
    assert counts.min() > 2000 / 6 - 4 * (2000 * 5 / 36) ** 0.5
    firsts = {first for first, length in stretches(masked.any(2)) if length == 5}
    assert firsts == set(range(16))


def test_a_band_goes_through_all_frames(given, draws_of):
    found = step(frequency_masks=1).apply(given(torch.ones(500, 7, 10)), draws_of(500)).values
    masked = found == 0
    assert torch.equal(masked.any(1), masked.all(1))
    widths = {length for _, length in stretches(masked.any(1))}
    assert widths == set(range(5))


def test_padding_is_no_place_for_a_mask(given, draws_of):
    """A clip of three frames loses as much of them, whatever its padding."""
    lengths = [3] * 1000
    found = step(time_masks=1, time_width=9).apply(given(torch.ones(1000, 40, 2), lengths), draws_of(1000)).values
    masked = (found == 0).all(2)
    assert not masked[:, 3:].any()
    counts = torch.bincount(masked.sum(1))
    assert len(counts) == 4
    assert counts.min() > 180


def test_a_stretch_takes_at_most_its_share(given, draws_of):
    lengths = [10, 40] * 300
    found = step(time_masks=1, time_width=30, time_share=0.3).apply(
        given(torch.ones(600, 40, 2), lengths), draws_of(600)
    )
    taken = (found.values == 0).all(2).sum(1)
    assert taken[0::2].max() == 3
    assert taken[1::2].max() == 12


def test_masks_add_up(given, draws_of):
    one = given(torch.ones(300, 30, 30))
    once, thrice = (step(time_masks=n, frequency_masks=n).apply(one, draws_of(300)).values for n in (1, 3))
    assert (thrice == 0).float().mean() > 1.5 * (once == 0).float().mean()
    assert torch.equal(step().apply(one, draws_of(300)).values, one.values)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time_masks": -1}, r"transform\.\*\.time_masks \(-1\) must be at least 0"),
        ({"frequency_width": -2}, r"frequency_width \(-2\) must be at least 0"),
        ({"time_share": 1.5}, r"time_share \(1\.5\) must be between 0 and 1"),
    ],
)
def test_what_can_not_be_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        step(**changes)
