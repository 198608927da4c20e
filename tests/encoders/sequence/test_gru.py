from __future__ import annotations

import pytest
import torch

from fuselab.encoders.sequence.gru import Gru
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0]]).bool()
STEPS = ModalityInput(torch.randn(4, 4, 3, generator=torch.Generator().manual_seed(0)), MASK, torch.ones(4).bool())


def test_each_step_is_projected_and_read_from_both_ends():
    encoder = Gru(size=3, layers=2, dropout=0.5, dim=6).eval()
    features = encoder(STEPS)
    for row in range(3):
        steps = encoder.project(STEPS.values[row, MASK[row]])[None]
        expected = torch.cat([encoder.forwards(steps)[0], encoder.backwards(steps.flip(1))[0].flip(1)], 2)[0]
        torch.testing.assert_close(features.tokens[row, MASK[row]], expected, rtol=0, atol=1e-6)
    assert torch.equal(features.mask, MASK)


def test_without_a_mask_everything_is_read():
    encoder = Gru(size=3, layers=1, dropout=0.0, dim=6)
    features = encoder(STEPS._replace(mask=None))
    assert features.mask.all()
    torch.testing.assert_close(features.tokens, encoder(STEPS._replace(mask=torch.ones(4, 4).bool())).tokens)


def test_nan_in_padding_does_no_harm():
    encoder = Gru(size=3, layers=1, dropout=0.0, dim=6)
    spoilt = STEPS._replace(values=torch.where(MASK[..., None], STEPS.values, torch.nan))
    torch.testing.assert_close(encoder(spoilt.cleaned()).tokens[MASK], encoder(STEPS).tokens[MASK], rtol=0, atol=0)


def test_training_leaves_numbers_out():
    encoder = Gru(size=3, layers=1, dropout=0.5, dim=6)
    assert not torch.equal(encoder(STEPS).tokens, encoder.eval()(STEPS).tokens)


def test_an_odd_width_is_refused():
    with pytest.raises(ConfigError, match=r"encoder\.\*\.dim \(7\) must be even.*choose an even width"):
        Gru(size=3, layers=1, dropout=0.0, dim=7)


def test_steps_of_another_width_are_refused():
    with pytest.raises(ConfigError, match=r"encoder\.\*\.size \(2\) must be .* which are \(4, 4, 3\)"):
        Gru(size=2, layers=1, dropout=0.0, dim=6)(STEPS)
