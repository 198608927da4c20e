from __future__ import annotations

import torch
from torch import nn

from fuselab.encoders.text.transformer import Transformer
from fuselab.types import ModalityInput

LENGTHS = torch.tensor([5, 1, 3, 0, 4])
IDS = torch.randint(0, 9, (5, 5), generator=torch.Generator().manual_seed(0))
TEXT = ModalityInput(IDS, torch.arange(5)[None] < LENGTHS[:, None], torch.ones(5).bool())


def make(**changes) -> Transformer:
    parts = {"vocab_size": 9, "max_length": 5, "layers": 2, "heads": 2, "feedforward": 8, "dropout": 0.0, "dim": 6}
    return Transformer(**(parts | changes)).eval()


def test_each_text_is_read_as_if_it_were_alone():
    encoder = make()
    features = encoder(TEXT)
    for row, length in enumerate(LENGTHS.tolist()):
        if length:
            expected = encoder.bert(IDS[row : row + 1, :length]).last_hidden_state[0]
            torch.testing.assert_close(features.tokens[row, :length], expected, rtol=0, atol=1e-5)


def test_without_a_mask_everything_is_read():
    encoder = make()
    features = encoder(TEXT._replace(mask=None))
    assert features.mask.all()
    torch.testing.assert_close(features.tokens, encoder.bert(IDS).last_hidden_state, rtol=0, atol=1e-5)


def test_words_read_one_another_and_know_their_place():
    encoder = make()
    ids = torch.tensor([[1, 2, 3, 4]])
    everyone = torch.ones(1).bool()
    tokens = encoder(ModalityInput(ids, None, everyone)).tokens[0]
    other = encoder(ModalityInput(torch.tensor([[1, 2, 3, 5]]), None, everyone)).tokens[0]
    turned = encoder(ModalityInput(ids.flip(1), None, everyone)).tokens[0].flip(0)
    assert ((tokens - other).abs().amax(1) > 1e-4).all()
    assert ((tokens - turned).abs().amax(1) > 1e-4).all()


def test_every_option_reaches_the_network():
    encoder = make(vocab_size=11, max_length=7, layers=3, feedforward=10, dropout=0.25, dim=8)
    shapes = {name: tuple(one.shape) for name, one in encoder.bert.named_parameters()}
    assert shapes["embeddings.word_embeddings.weight"] == (11, 8)
    assert shapes["embeddings.position_embeddings.weight"] == (7, 8)
    assert shapes["encoder.layer.2.intermediate.dense.weight"] == (10, 8)
    assert "encoder.layer.3.intermediate.dense.weight" not in shapes
    assert {one.p for one in encoder.modules() if isinstance(one, nn.Dropout)} == {0.25, 0.0}
    # The number of heads leaves no trace in the weights.
    one_head, two_heads = make(heads=1), make(heads=2)
    one_head.load_state_dict(two_heads.state_dict())
    assert not torch.allclose(one_head(TEXT).tokens[0], two_heads(TEXT).tokens[0])
