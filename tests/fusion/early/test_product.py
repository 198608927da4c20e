from __future__ import annotations

from types import SimpleNamespace

import torch

from fuselab.fusion.early.product import Product
from fuselab.types import Features

NAMES = ("text", "image", "audio")


def test_equals_its_equation(features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace) -> None:
    fusion = Product(modalities=NAMES, dims=dims, dim=4)
    fused = fusion(features)
    for row in range(6):
        expected = [1.0] * 4
        for layer, name in zip(fusion.project, NAMES, strict=True):
            if features[name].present[row]:
                projected = slow.linear(layer, slow.pooled(features[name], row))
                expected = [so_far * x for so_far, x in zip(expected, projected, strict=True)]
        torch.testing.assert_close(fused.embedding[row], torch.tensor(expected))
    assert fused.weights is None


def test_a_factor_of_zero_has_a_gradient(features: dict[str, Features], dims: dict[str, int]) -> None:
    """The quotient of product and factor, which is the gradient of every other factor, would be 0 / 0 here."""
    fusion = Product(modalities=["image", "text"], dims=dims, dim=4)
    for parameter in fusion.project[0].parameters():
        parameter.data.zero_()
    fusion(features).embedding[0].sum().backward()
    other = fusion.project[1](features["text"].pooled())[0]
    torch.testing.assert_close(fusion.project[0].bias.grad, other)
