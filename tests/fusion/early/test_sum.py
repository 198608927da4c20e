from __future__ import annotations

from types import SimpleNamespace

import torch

from fuselab.fusion.early.sum import Sum
from fuselab.types import Features

NAMES = ("text", "image", "audio")


def test_equals_its_equation(features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace) -> None:
    fusion = Sum(modalities=NAMES, dims=dims, dim=4)
    fused = fusion(features)
    for row in range(6):
        expected = [0.0] * 4
        for layer, name in zip(fusion.project, NAMES, strict=True):
            if features[name].present[row]:
                projected = slow.linear(layer, slow.pooled(features[name], row))
                expected = [so_far + x for so_far, x in zip(expected, projected, strict=True)]
        torch.testing.assert_close(fused.embedding[row], torch.tensor(expected))
    assert fused.weights is None


def test_without_modalities_there_is_nothing(features: dict[str, Features], dims: dict[str, int]) -> None:
    assert torch.equal(Sum(modalities=NAMES, dims=dims, dim=4)(features).embedding[1], torch.zeros(4))
