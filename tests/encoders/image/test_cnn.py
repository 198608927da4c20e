from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv2d, layer_norm

from fuselab.encoders.image.cnn import Cnn
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput


def images(count: int = 2, channels: int = 3, size: int = 8) -> ModalityInput:
    return ModalityInput(torch.rand(count, channels, size, size), None, torch.ones(count).bool())


def test_two_convolutions_and_a_norm():
    encoder = Cnn(channels=3, size=8, hidden=4, dim=6)
    for parameter in encoder.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    given = images()
    first = conv2d(given.values, encoder.first.weight, encoder.first.bias, stride=2, padding=2).clamp(min=0)
    second = conv2d(first, encoder.second.weight, encoder.second.bias, stride=2, padding=1)
    assert second.shape == (2, 6, 2, 2)
    features = encoder(given)
    assert features.tokens.shape == (2, 4, 6)
    for row in range(2):
        for cell in range(4):
            token = layer_norm(second[row, :, cell // 2, cell % 2], (6,), encoder.norm.weight, encoder.norm.bias)
            torch.testing.assert_close(features.tokens[row, cell], token + encoder.position[cell], rtol=0, atol=1e-5)


def test_every_cell_is_real():
    assert Cnn(channels=1, size=12, hidden=4, dim=6)(images(channels=1, size=12)).mask.tolist() == [[True] * 9] * 2


@pytest.mark.parametrize("size", [0, 2, 10, 27])
def test_a_size_that_four_does_not_divide_is_refused(size):
    with pytest.raises(ConfigError, match=rf"encoder\.image\.size \({size}\) must be a multiple of 4; resize"):
        Cnn(channels=1, size=size, hidden=4, dim=6)


@pytest.mark.parametrize("shape", [(2, 1, 12, 12), (2, 3, 8, 8), (2, 64)])
def test_images_of_another_shape_are_refused(shape):
    encoder = Cnn(channels=1, size=8, hidden=4, dim=6)
    with pytest.raises(
        ConfigError, match=r"channels \(1\) and size \(8\) must be those of the images, which are \(2, "
    ):
        encoder(ModalityInput(torch.zeros(shape), None, torch.ones(2).bool()))
