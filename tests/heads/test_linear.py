from __future__ import annotations

import torch

from fuselab.heads.linear import Linear


def test_it_is_a_matrix_and_an_offset():
    head = Linear(dim=3, outputs=2)
    head.layer.weight.data = torch.tensor([[1.0, 2.0, 3.0], [0.0, -1.0, 1.0]])
    head.layer.bias.data = torch.tensor([0.5, -0.5])
    assert head(torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]])).tolist() == [[7.5, 1.5], [2.5, -1.5]]
