from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.early.weighted_sum import WeightedSum
from fuselab.types import Features

from .conftest import Hold

NAMES = ("text", "image", "audio")
SCORES = (0.5, -1.0, 2.0)


def weights_of(here: list[bool], weighting: str) -> list[float]:
    if weighting == "scalar":
        return [score if one else 0.0 for score, one in zip(SCORES, here, strict=True)]
    exponentials = [math.exp(score) if one else 0.0 for score, one in zip(SCORES, here, strict=True)]
    return [one / (sum(exponentials) or 1.0) for one in exponentials]


@pytest.mark.parametrize("weighting", ["softmax", "scalar"])
def test_equals_its_equation(
    weighting: str, features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace
) -> None:
    fusion = WeightedSum(modalities=NAMES, dims=dims, dim=4, weighting=weighting)
    fusion.score_M.data = torch.tensor(SCORES)
    fused = fusion(features)
    for row in range(6):
        weights = weights_of([bool(features[name].present[row]) for name in NAMES], weighting)
        expected = [0.0] * 4
        for name, weight, layer in zip(NAMES, weights, fusion.project, strict=True):
            projected = slow.linear(layer, slow.pooled(features[name], row))
            expected = [so_far + weight * x for so_far, x in zip(expected, projected, strict=True)]
        torch.testing.assert_close(fused.embedding[row], torch.tensor(expected))
        sizes = [abs(weight) for weight in weights]
        torch.testing.assert_close(fused.weights[row], torch.tensor(sizes) / (sum(sizes) or 1.0))


def test_softmax_starts_from_the_mean_and_scalars_from_the_sum(
    features: dict[str, Features], dims: dict[str, int]
) -> None:
    mean = WeightedSum(modalities=NAMES, dims=dims, dim=4, weighting="softmax")
    total = WeightedSum(modalities=NAMES, dims=dims, dim=4, weighting="scalar")
    total.project.load_state_dict(mean.project.state_dict())
    torch.testing.assert_close(mean(features).weights[0], torch.full((3,), 1 / 3))
    torch.testing.assert_close(3 * mean(features).embedding[0], total(features).embedding[0])


@pytest.mark.parametrize("weighting", ["softmax", "scalar"])
def test_scores_learn(weighting: str, features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = WeightedSum(modalities=NAMES, dims=dims, dim=4, weighting=weighting)
    fusion(features).embedding.square().sum().backward()
    assert fusion.score_M.grad.abs().min() > 0


def test_scalars_keep_the_contract(hold_to_the_contract: Hold) -> None:
    hold_to_the_contract(WeightedSum, weighting="scalar")


def test_refuses_an_unknown_weighting(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"fusion.weighting \(softmx\) must be one of: .*did you mean 'softmax'"):
        WeightedSum(modalities=NAMES, dims=dims, dim=4, weighting="softmx")
