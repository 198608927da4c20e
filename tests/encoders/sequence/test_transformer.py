from __future__ import annotations

import pytest
import torch

from fuselab.encoders.sequence.layers import waves
from fuselab.encoders.sequence.transformer import Transformer
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]]).bool()
STEPS = ModalityInput(torch.randn(3, 4, 3, generator=torch.Generator().manual_seed(0)), MASK, torch.ones(3).bool())


def encoder(**change) -> Transformer:
    return Transformer(**({"size": 3, "layers": 2, "heads": 2, "feedforward": 8, "dropout": 0.0, "dim": 6} | change))


def test_steps_know_their_places_and_read_each_other_layer_by_layer():
    network = encoder()
    features = network(STEPS)
    for row, length in enumerate((4, 2)):
        tokens = network.project(STEPS.values[row : row + 1, :length]) + waves(torch.arange(length), 6)
        for layer in network.layers:
            tokens = layer(tokens, tokens, torch.ones(1, length).bool())
        expected = network.norm(tokens)[0]
        torch.testing.assert_close(features.tokens[row, :length], expected, rtol=0, atol=1e-6)
    assert torch.equal(features.mask, MASK)


def test_the_order_of_steps_matters():
    network = encoder()
    turned = network(STEPS._replace(values=STEPS.values.flip(1), mask=None)).tokens.flip(1)
    assert not torch.allclose(turned, network(STEPS._replace(mask=None)).tokens, atol=1e-3)


def test_an_odd_width_is_refused_before_any_batch():
    with pytest.raises(ConfigError, match=r"encoder\.\*\.dim \(9\) must be even"):
        encoder(dim=9, heads=3)


def test_steps_of_another_width_are_refused():
    with pytest.raises(ConfigError, match=r"encoder\.\*\.size \(2\) must be .* which are \(3, 4, 3\)"):
        encoder(size=2)(STEPS)
