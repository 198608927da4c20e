from __future__ import annotations

import math

import torch
from torch import nn

from fuselab.heads.mlp import Mlp


def test_norm_hidden_layer_output():
    torch.manual_seed(0)
    head = Mlp(dim=3, outputs=2, hidden=4, dropout=0.5).eval()
    for parameter in head.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    norm, into, *_, out = head.layers
    embedding = torch.randn(3)
    centred = embedding - embedding.mean()
    normed = centred / (centred.square().mean() + norm.eps).sqrt() * norm.weight + norm.bias
    hidden = into.weight @ normed + into.bias
    gelu = hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2)))
    torch.testing.assert_close(head(embedding[None])[0], out.weight @ gelu + out.bias)


def test_dropout_is_behind_the_hidden_layer():
    head = Mlp(dim=3, outputs=2, hidden=4, dropout=1.0).train()
    # Nothing comes through but the last offset.
    assert torch.equal(head(torch.randn(1, 3))[0], head.layers[-1].bias)
    assert [one.p for one in head.modules() if isinstance(one, nn.Dropout)] == [1.0]
