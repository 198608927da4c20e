from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.early.max import Max
from fuselab.types import Features

NAMES = ("text", "image", "audio")


def test_equals_its_equation(features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace) -> None:
    fusion = Max(modalities=NAMES, dims=dims, dim=4, units=7)
    fused = fusion(features)
    for row in range(6):
        projected = {
            name: slow.linear(layer, slow.pooled(features[name], row))
            for layer, name in zip(fusion.project, NAMES, strict=True)
            if features[name].present[row]
        }
        largest, wins = [], dict.fromkeys(NAMES, 0)
        for unit in range(7):
            winner = max(projected, key=lambda name, unit=unit, of=projected: of[name][unit], default=None)
            largest.append(projected[winner][unit] if winner else 0.0)
            if winner:
                wins[winner] += 1
        torch.testing.assert_close(fused.embedding[row], torch.tensor(slow.linear(fusion.output, largest)))
        torch.testing.assert_close(fused.weights[row].double(), torch.tensor([wins[name] / 7 for name in NAMES]))


def test_only_the_winner_of_a_unit_learns_from_it(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = Max(modalities=["text", "image"], dims=dims, dim=1, units=1)
    for layer, bias in zip(fusion.project, (0.0, 100.0), strict=True):
        layer.bias.data.fill_(bias)
    fused = fusion({name: one._replace(present=torch.ones_like(one.present)) for name, one in features.items()})
    fused.embedding.sum().backward()
    assert torch.equal(fusion.project[0].weight.grad, torch.zeros(1, dims["text"]))
    assert fusion.project[1].weight.grad.abs().min() > 0
    assert fused.weights.tolist() == [[0.0, 1.0]] * 6


def test_negative_features_beat_a_missing_modality(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = Max(modalities=["image", "audio"], dims=dims, dim=4, units=5)
    fusion.project[0].bias.data.fill_(-100.0)
    alone = fusion.output(fusion.project[0](features["image"].pooled()))
    torch.testing.assert_close(fusion(features).embedding[3], alone[3])


def test_refuses_no_unit(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"fusion.units \(0\) must be at least 1"):
        Max(modalities=NAMES, dims=dims, dim=4, units=0)
