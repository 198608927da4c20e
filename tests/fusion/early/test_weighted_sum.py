from __future__ import annotations

import math
from types import SimpleNamespace

import torch

from fuselab.fusion.early.weighted_sum import WeightedSum
from fuselab.types import Features

NAMES = ("text", "image", "audio")


def test_equals_its_equation(features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace) -> None:
    fusion = WeightedSum(modalities=NAMES, dims=dims, dim=4)
    scores = [0.5, -1.0, 2.0]
    fusion.score_M.data = torch.tensor(scores)
    fused = fusion(features)
    for row in range(6):
        total = sum(math.exp(s) for s, name in zip(scores, NAMES, strict=True) if features[name].present[row])
        expected, weights = [0.0] * 4, []
        for name, score, layer in zip(NAMES, scores, fusion.project, strict=True):
            weights.append(math.exp(score) / total if features[name].present[row] else 0.0)
            projected = slow.linear(layer, slow.pooled(features[name], row))
            expected = [sum_so_far + weights[-1] * x for sum_so_far, x in zip(expected, projected, strict=True)]
        torch.testing.assert_close(fused.embedding[row], torch.tensor(expected))
        torch.testing.assert_close(fused.weights[row], torch.tensor(weights))


def test_starts_from_the_mean(features: dict[str, Features], dims: dict[str, int]) -> None:
    weights = WeightedSum(modalities=NAMES, dims=dims, dim=4)(features).weights
    torch.testing.assert_close(weights[0], torch.full((3,), 1 / 3))


def test_scores_learn(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = WeightedSum(modalities=NAMES, dims=dims, dim=4)
    fusion(features).embedding.square().sum().backward()
    assert fusion.score_M.grad.abs().min() > 0
