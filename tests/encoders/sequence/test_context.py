from __future__ import annotations

import pytest
import torch
from torch import Tensor

from fuselab.encoders.sequence.context import Context
from fuselab.encoders.sequence.layers import waves
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput


def encoder(**change) -> Context:
    sizes = {
        "size": 3,
        "heads": 2,
        "feedforward": 8,
        "dropout": 0.0,
        "context_dropout": 0.0,
        "own_dropout": 0.0,
        "dim": 6,
    }
    return Context(**(sizes | change))


def dialogue(own: list[int], lengths: list[int]) -> ModalityInput:
    steps, length = torch.randn(len(own), max(lengths), 3), torch.arange(max(lengths))
    offset = (length[None] - torch.tensor(own)[:, None]).float()
    values = torch.cat([steps, offset[..., None]], 2)
    return ModalityInput(values, length[None] < torch.tensor(lengths)[:, None], torch.ones(len(own)).bool())


def by_hand(network: Context, steps: Tensor, own: int) -> Tensor:
    projected = network.project(steps)
    placed = projected + waves(torch.arange(len(steps)) - own, network.dim)
    return network.read(projected[None, own : own + 1], placed[None], torch.ones(1, len(steps)).bool())[0, 0]


def test_the_own_step_reads_its_sequence_and_is_the_only_token():
    network, given = encoder(), dialogue(own=[2, 0, 1], lengths=[5, 1, 3])
    features = network(given.cleaned())
    assert features.tokens.shape == (3, 1, 6)
    assert features.mask.all()
    for row, (own, length) in enumerate(((2, 5), (0, 1), (1, 3))):
        expected = by_hand(network, given.values[row, :length, :3], own)
        torch.testing.assert_close(features.tokens[row, 0], expected, rtol=0, atol=1e-6)


def test_all_steps_count_and_where_they_stand():
    network, given = encoder(), dialogue(own=[1], lengths=[4])
    before = network(given).tokens
    for step in range(4):
        values = given.values.clone()
        values[0, step, :3] += 1
        assert not torch.allclose(network(given._replace(values=values)).tokens, before, atol=1e-4), step
    swapped = given.values.clone()
    swapped[0, [2, 3], :3] = swapped[0, [3, 2], :3]
    assert not torch.allclose(network(given._replace(values=swapped)).tokens, before, atol=1e-5)


def test_training_hides_the_own_step_of_some_samples_that_have_others():
    network, given = encoder(own_dropout=0.5), dialogue(own=[2, 0] * 100, lengths=[4, 1] * 100)
    changed = given.values.clone()
    changed[given.values[..., 3] == 0, :3] += 1
    moved = []
    for values in (given.values, changed):
        torch.manual_seed(0)
        moved.append(network(given._replace(values=values)).tokens[:, 0])
    differs = (moved[0] - moved[1]).abs().amax(1) > 1e-6
    assert 0.3 < differs[::2].float().mean() < 0.7  # with others to read
    assert differs[1::2].all()  # alone
    network.eval()
    tokens = [network(given._replace(values=values)).tokens[:, 0] for values in (given.values, changed)]
    assert ((tokens[0] - tokens[1]).abs().amax(1) > 1e-6).all()


@pytest.mark.parametrize("name", ["dropout", "context_dropout", "own_dropout"])
def test_a_dropout_that_is_no_share_is_refused(name):
    with pytest.raises(ConfigError, match=r"dropout \(1\.0\) must be at least 0 and below 1"):
        encoder(**{name: 1.0})


def test_a_sample_whose_own_step_is_padding_has_no_token():
    given = dialogue(own=[0, 3], lengths=[4, 2])
    assert encoder()(given.cleaned()).mask.tolist() == [[True], [False]]


def test_steps_without_their_offset_are_refused():
    given = dialogue(own=[0], lengths=[4])
    with pytest.raises(ConfigError, match=r"encoder\.\*\.size \(3\) must be .* steps are \(1, 4, 3\); set"):
        encoder()(given._replace(values=given.values[..., :3]))


def test_an_odd_width_is_refused_before_any_batch():
    with pytest.raises(ConfigError, match=r"encoder\.\*\.dim \(9\) must be even"):
        encoder(dim=9, heads=3)
