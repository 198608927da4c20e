from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.early.mmtm import Mmtm
from fuselab.types import Features

NAMES = ("text", "image", "audio")


def test_equals_its_equation(features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace) -> None:
    """As the paper has it: token by token, each modality with a gate of its own."""
    fusion = Mmtm(modalities=NAMES, dims=dims, dim=4, reduction=3)
    fused = fusion(features)
    for row in range(6):
        squeezed = [x for name in NAMES for x in slow.pooled(features[name], row)]
        excited = slow.linear(fusion.excite, [max(x, 0.0) for x in slow.linear(fusion.squeeze, squeezed)])
        side_by_side, first = [], 0
        for name in NAMES:
            gate = [2 / (1 + math.exp(-x)) for x in excited[first : first + dims[name]]]
            gated = [[g * x for g, x in zip(gate, token, strict=True)] for token in slow.rows(features[name], row)]
            side_by_side += slow.mean(gated, dims[name])
            first += dims[name]
        torch.testing.assert_close(fused.embedding[row], torch.tensor(slow.linear(fusion.output, side_by_side)))
    assert fused.weights is None


def test_a_closed_mind_is_concatenation(features: dict[str, Features], dims: dict[str, int]) -> None:
    """Gates are twice a sigmoid so that an excitation of 0 changes nothing."""
    fusion = Mmtm(modalities=NAMES, dims=dims, dim=4, reduction=3)
    for parameter in fusion.excite.parameters():
        parameter.data.zero_()
    side_by_side = torch.cat([features[name].pooled() for name in NAMES], dim=1)
    torch.testing.assert_close(fusion(features).embedding, fusion.output(side_by_side))


@pytest.mark.parametrize("reduction", [0, 15])
def test_refuses_to_squeeze_into_nothing(reduction: int, dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=rf"fusion.reduction \({reduction}\) must be 1 to 14"):
        Mmtm(modalities=NAMES, dims=dims, dim=4, reduction=reduction)
