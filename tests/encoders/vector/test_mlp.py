from __future__ import annotations

import pytest
import torch
from torch.nn.functional import gelu

from fuselab.encoders.vector.mlp import Mlp
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput


def vectors(count: int = 3, size: int = 5) -> ModalityInput:
    return ModalityInput(torch.randn(count, size), None, torch.tensor([True, False, True]))


def test_two_linear_maps_around_a_gelu():
    encoder, given = Mlp(size=5, hidden=7, dropout=0.9, dim=4).eval(), vectors()
    features = encoder(given)
    (first, second) = (layer for layer in encoder.layers if isinstance(layer, torch.nn.Linear))
    hidden = gelu(given.values @ first.weight.T + first.bias)
    expected = hidden @ second.weight.T + second.bias
    torch.testing.assert_close(features.tokens[:, 0], expected, rtol=0, atol=1e-6)
    assert features.mask.tolist() == [[True]] * 3
    assert features.present.tolist() == [True, False, True]


def test_training_leaves_out_numbers_and_hidden_units():
    encoder, given = Mlp(size=5, hidden=7, dropout=0.5, dim=4), vectors()
    dropouts = [layer.p for layer in encoder.layers if isinstance(layer, torch.nn.Dropout)]
    assert dropouts == [0.5, 0.5]
    assert not torch.equal(encoder(given).tokens, encoder.eval()(given).tokens)


def test_vectors_of_another_length_are_refused():
    with pytest.raises(ConfigError, match=r"encoder\.\*\.size \(6\) must be .* which are \(3, 5\)"):
        Mlp(size=6, hidden=7, dropout=0.0, dim=4)(vectors())


def test_a_dropout_that_is_no_share_is_refused():
    with pytest.raises(ConfigError, match=r"dropout \(-1\) must be"):
        Mlp(size=5, hidden=7, dropout=-1, dim=4)
