from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.early.mapped import Mapped
from fuselab.types import Features

NAMES = ("text", "image", "audio")


def test_equals_its_equation(features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace) -> None:
    fusion = Mapped(modalities=NAMES, dims=dims, dim=4, expansion=3)
    into, _, out = fusion.shared
    fused = fusion(features)
    for row in range(6):
        here = [name for name in NAMES if features[name].present[row]]
        mapped = []
        for layer, name in zip(fusion.project, NAMES, strict=True):
            if name in here:
                common = slow.linear(layer, slow.pooled(features[name], row))
                mapped.append(slow.linear(out, [max(x, 0.0) for x in slow.linear(into, common)]))
        torch.testing.assert_close(fused.embedding[row], torch.tensor(slow.mean(mapped, 4)))
        shares = [1 / len(here) if name in here else 0.0 for name in NAMES]
        torch.testing.assert_close(fused.weights[row].double(), torch.tensor(shares))


def test_modalities_share_the_network(dims: dict[str, int]) -> None:
    alone, all_three = (
        sum(one.numel() for one in Mapped(modalities=names, dims=dims, dim=4, expansion=3).shared.parameters())
        for names in (["text"], NAMES)
    )
    assert alone == all_three


def test_refuses_no_hidden_layer(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"fusion.expansion \(0\) must be at least 1"):
        Mapped(modalities=NAMES, dims=dims, dim=4, expansion=0)
