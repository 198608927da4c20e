from __future__ import annotations

import pytest
import torch

from fuselab.encoders.vector.linear import Linear
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput


def vectors(count: int = 3, size: int = 5) -> ModalityInput:
    return ModalityInput(torch.randn(count, size), None, torch.tensor([True, False, True]))


def test_one_linear_map():
    encoder, given = Linear(size=5, dropout=0.9, dim=4).eval(), vectors()
    features = encoder(given)
    expected = given.values @ encoder.project.weight.T + encoder.project.bias
    torch.testing.assert_close(features.tokens[:, 0], expected, rtol=0, atol=1e-6)
    assert features.mask.tolist() == [[True]] * 3
    assert features.present.tolist() == [True, False, True]


def test_training_leaves_numbers_out():
    encoder, given = Linear(size=5, dropout=0.5, dim=4), vectors()
    assert not torch.equal(encoder(given).tokens, encoder.eval()(given).tokens)


def test_vectors_of_another_length_are_refused():
    with pytest.raises(ConfigError, match=r"encoder\.\*\.size \(6\) must be .* which are \(3, 5\)"):
        Linear(size=6, dropout=0.0, dim=4)(vectors())


def test_a_dropout_that_is_no_share_is_refused():
    with pytest.raises(ConfigError, match=r"dropout \(1\.0\) must be"):
        Linear(size=5, dropout=1.0, dim=4)
