from __future__ import annotations

import torch
from torch import Tensor, nn

from fuselab.encoders.recurrent import read_both_ways


def alone(forwards: nn.GRU, backwards: nn.GRU, steps: Tensor) -> Tensor:
    """Read one sequence without padding, turned round by hand."""
    return torch.cat([forwards(steps[None])[0][0], backwards(steps.flip(0)[None])[0][0].flip(0)], 1)


def test_each_sequence_is_read_as_if_it_were_alone_wherever_its_padding_stands():
    forwards, backwards = nn.GRU(3, 2, batch_first=True), nn.GRU(3, 2, batch_first=True)
    steps = torch.randn(4, 6, 3)
    mask = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 1, 0], [1, 0, 1, 0, 0, 1]]).bool()
    read = read_both_ways(forwards, backwards, steps, mask)
    assert read.shape == (4, 6, 4)
    for row in range(4):
        expected = alone(forwards, backwards, steps[row, mask[row]])
        torch.testing.assert_close(read[row, mask[row]], expected, rtol=0, atol=1e-6)
