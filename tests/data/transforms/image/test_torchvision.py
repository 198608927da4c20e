from __future__ import annotations

import torch
from torchvision.transforms import v2

from fuselab.data.transforms.image.torchvision import Torchvision


def test_each_image_is_drawn_for_by_itself(given, draws_of):
    values = torch.rand(1, 1, 6, 6).expand(40, -1, -1, -1)
    found = Torchvision(transform=v2.RandomHorizontalFlip(0.5)).apply(given(values), draws_of(40)).values
    mirrored = (found == values.flip(3)).flatten(1).all(1)
    assert 5 < mirrored.sum() < 35


def test_an_image_is_what_torchvision_makes_of_it_with_its_seed(given, draws_of):
    values = torch.rand(5, 3, 8, 8)
    jitter = v2.ColorJitter(brightness=0.5, contrast=0.5)
    found = Torchvision(transform=jitter).apply(given(values), draws_of(5)).values
    for image, changed, stream in zip(values, found, draws_of(5).streams, strict=True):
        torch.manual_seed(int(stream.integers(2**32)))
        assert torch.equal(jitter(image), changed)
