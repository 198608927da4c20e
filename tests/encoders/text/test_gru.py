from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from fuselab.encoders.text.gru import Gru
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

LENGTHS = torch.tensor([5, 1, 3, 0, 4])
IDS = torch.randint(0, 9, (5, 5), generator=torch.Generator().manual_seed(0))
MASK = torch.arange(5)[None] < LENGTHS[:, None]
TEXT = ModalityInput(IDS, MASK, torch.ones(5).bool())


def directions(encoder: Gru) -> tuple[nn.GRU, nn.GRU]:
    return encoder.forwards, encoder.backwards


def bidirectional(encoder: Gru, ids: Tensor) -> Tensor:
    """Read one text, without padding, with torch's own bidirectional GRU."""
    forwards, backwards = directions(encoder)
    reference = nn.GRU(encoder.dim, encoder.dim // 2, batch_first=True, bidirectional=True)
    state = {key: value for key, value in forwards.state_dict().items() if key.endswith("l0")}
    state |= {f"{key}_reverse": value for key, value in backwards.state_dict().items() if key.endswith("l0")}
    reference.load_state_dict(state)
    return reference(encoder.embedding(ids)[None])[0][0]


def test_each_text_is_read_both_ways_as_if_it_were_alone():
    encoder = Gru(vocab_size=9, layers=1, dim=6)
    features = encoder(TEXT)
    for row, length in enumerate(LENGTHS.tolist()):
        if length:
            expected = bidirectional(encoder, IDS[row, :length])
            torch.testing.assert_close(features.tokens[row, :length], expected, rtol=0, atol=1e-6)


def test_without_a_mask_everything_is_read():
    encoder = Gru(vocab_size=9, layers=1, dim=6)
    features = encoder(TEXT._replace(mask=None))
    assert features.mask.all()
    for row in range(5):
        expected = bidirectional(encoder, IDS[row])
        torch.testing.assert_close(features.tokens[row], expected, rtol=0, atol=1e-6)


def test_several_layers_are_read_one_direction_at_a_time():
    encoder = Gru(vocab_size=9, layers=2, dim=6)
    features = encoder(TEXT)
    forwards, backwards = directions(encoder)
    for row, length in enumerate(LENGTHS.tolist()):
        if length:
            embedded = encoder.embedding(IDS[row, :length])[None]
            there, back = forwards(embedded)[0][0], backwards(embedded.flip(1))[0][0].flip(0)
            torch.testing.assert_close(features.tokens[row, :length], torch.cat([there, back], 1), rtol=0, atol=1e-6)


def test_an_odd_width_is_refused():
    with pytest.raises(ConfigError, match=r"encoder\.text\.dim \(7\) must be even.*choose an even width"):
        Gru(vocab_size=9, layers=1, dim=7)
