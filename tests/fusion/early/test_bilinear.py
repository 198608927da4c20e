from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.early.bilinear import Bilinear
from fuselab.types import Features

from .conftest import Hold

NAMES = ("text", "image", "audio")


def products(
    fusion: Bilinear, features: dict[str, Features], row: int, slow: SimpleNamespace, *, squash: bool
) -> list[float]:
    product = [1.0] * fusion.project[0].out_features
    for layer, name in zip(fusion.project, NAMES, strict=True):
        if features[name].present[row]:
            factor = slow.linear(layer, slow.pooled(features[name], row))
            product = [p * (math.tanh(x) if squash else x) for p, x in zip(product, factor, strict=True)]
    return product


@pytest.mark.parametrize("factors", [1, 3])
def test_mlb_equals_its_equation(
    factors: int, features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace
) -> None:
    fusion = Bilinear(modalities=NAMES, dims=dims, dim=4, variant="mlb", factors=factors)
    fused = fusion(features)
    for row in range(6):
        expected = slow.linear(fusion.output, products(fusion, features, row, slow, squash=True))
        torch.testing.assert_close(fused.embedding[row], torch.tensor(expected))
    assert fused.weights is None


def test_mfb_equals_its_equation(features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace) -> None:
    fusion = Bilinear(modalities=NAMES, dims=dims, dim=4, variant="mfb", factors=3)
    fused = fusion(features)
    for row in range(6):
        product = products(fusion, features, row, slow, squash=False)
        pooled = [sum(product[3 * d : 3 * d + 3]) for d in range(4)]
        rooted = [math.copysign(math.sqrt(abs(x)), x) for x in pooled]
        length = math.sqrt(sum(x * x for x in rooted))
        expected = torch.tensor([x / length for x in rooted])
        # The paper's root has no slope at 0; what bounds ours shows in the fourth digit of the smallest sums here.
        torch.testing.assert_close(fused.embedding[row], expected, rtol=0, atol=1e-3)


def test_mfb_has_a_slope_where_its_sum_is_zero(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = Bilinear(modalities=["image", "text"], dims=dims, dim=4, variant="mfb", factors=2)
    for parameter in fusion.project[0].parameters():
        parameter.data.zero_()
    fused = fusion(features)
    fused.embedding.square().sum().backward()
    assert torch.equal(fused.embedding[0], torch.zeros(4))
    assert all(one.grad.isfinite().all() for one in fusion.parameters())


def test_mfb_keeps_the_contract(hold_to_the_contract: Hold) -> None:
    hold_to_the_contract(Bilinear, variant="mfb", factors=5)


def test_refuses_what_it_does_not_know(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"fusion.variant \(mlp\) must be one of: mlb, mfb"):
        Bilinear(modalities=NAMES, dims=dims, dim=4, variant="mlp", factors=1)
    with pytest.raises(ConfigError, match=r"fusion.factors \(0\) must be at least 1"):
        Bilinear(modalities=NAMES, dims=dims, dim=4, variant="mlb", factors=0)
