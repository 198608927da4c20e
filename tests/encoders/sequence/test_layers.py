from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from fuselab.encoders.sequence.layers import Layer, waves
from fuselab.errors import ConfigError


def test_it_is_the_pre_norm_layer_of_pytorch():
    ours = Layer(dim=6, heads=2, feedforward=8, dropout=0.0)
    for parameter in ours.parameters():
        nn.init.normal_(parameter, std=0.3)
    theirs = nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
    maps = (ours.query, ours.key, ours.value)
    theirs.load_state_dict(
        {
            "self_attn.in_proj_weight": torch.cat([one.weight for one in maps]),
            "self_attn.in_proj_bias": torch.cat([one.bias for one in maps]),
            "self_attn.out_proj.weight": ours.mix.weight,
            "self_attn.out_proj.bias": ours.mix.bias,
            **{f"norm1.{name}": one for name, one in ours.norm.state_dict().items()},
            **{f"norm2.{name}": one for name, one in ours.think[0].state_dict().items()},
            **{f"linear1.{name}": one for name, one in ours.think[1].state_dict().items()},
            **{f"linear2.{name}": one for name, one in ours.think[3].state_dict().items()},
        }
    )
    steps, mask = torch.randn(2, 5, 6), torch.arange(5)[None] < torch.tensor([[5], [3]])
    expected = theirs(steps, src_key_padding_mask=~mask)
    torch.testing.assert_close(ours(steps, steps, mask)[mask], expected[mask], rtol=0, atol=1e-5)


def test_who_may_read_nothing_reads_zeros():
    layer = Layer(dim=4, heads=2, feedforward=8, dropout=0.0)
    reading, nothing = torch.randn(1, 1, 4), torch.zeros(1, 3).bool()
    one, other = (layer(reading, torch.randn(1, 3, 4), nothing) for _ in range(2))
    torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert one.isfinite().all()


@pytest.mark.parametrize("heads", [0, 4])
def test_heads_that_do_not_divide_the_width_are_refused(heads):
    with pytest.raises(ConfigError, match=rf"encoder\.\*\.heads \({heads}\) must divide encoder\.\*\.dim \(6\)"):
        Layer(dim=6, heads=heads, feedforward=8, dropout=0.0)


def test_waves_are_sines_and_cosines_of_the_place():
    found = waves(torch.tensor([[-2.0, 0.0, 31.0]]), 4)
    for row, place in enumerate((-2, 0, 31)):
        angles = (place, place / 10_000**0.5)
        expected = torch.tensor([math.sin(one) for one in angles] + [math.cos(one) for one in angles])
        torch.testing.assert_close(found[0, row], expected, rtol=0, atol=1e-5)


def test_an_odd_width_has_no_waves():
    with pytest.raises(ConfigError, match=r"encoder\.\*\.dim \(5\) must be even"):
        waves(torch.zeros(1), 5)
